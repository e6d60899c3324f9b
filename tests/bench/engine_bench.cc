// The engine alone: one call, its rooms, its allocations.
//
// engine/...    JsonDocument::Parse and Inject, what a request costs without HTTP
// phase/...     the rooms that can be entered alone; `plan` is what is left of the call

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include "operator/base/arena.h"
#include "operator/injection/injector.h"
#include "operator/injection/json_document.h"
#include "operator/injection/match.h"
#include "operator/injection/patch_writer.h"
#include "operator/injection/pattern_index.h"
#include "operator/injection/plan.h"
#include "operator/injection/pod_facts.h"
#include "operator/injection/record.h"
#include "tests/bench/allocations.h"
#include "tests/bench/inputs.h"

namespace remora::bench {
namespace {

using injection::Inject;
using injection::JsonDocument;
using injection::Outcome;
using injection::Verdict;

constexpr std::string_view kNamespace = "shop";
constexpr std::size_t kAllExamples = 4;

void Require(bool condition, std::string_view sentence) {
  if (condition) return;
  std::cerr << "engine_bench: " << sentence << '\n';
  std::exit(1);
}

// One Pod, and everything that a thread of the webhook keeps.
struct Call {
  Call(std::string text, std::size_t patterns) : pod(std::move(text)), index(IndexOf(patterns)) {}

  Outcome Run() {
    Require(document.Parse(pod).ok(), "the Pod is no JSON");
    return Inject({document.root(), kNamespace}, *index, environment, workspace);
  }

  std::string pod;
  std::shared_ptr<const injection::PatternIndex> index;
  injection::Environment environment;
  JsonDocument document;
  injection::Workspace workspace;
};

std::string InjectedPod(std::size_t bytes, Asks asks) {
  Call call(PodText(bytes, asks), kAllExamples);
  const Outcome outcome = call.Run();
  Require(outcome.verdict == Verdict::kPatched, "the Pod is not patched");
  return Patched(call.pod, outcome.patch);
}

// Runs `step` as often as the state wants, and counts its allocations.
template <typename Step>
void Measure(benchmark::State& state, Step step) {
  for (int warm_up = 0; warm_up < 3; ++warm_up) step();
  const std::uint64_t before = Allocations();
  for (auto _ : state) step();
  state.counters["allocations"] = benchmark::Counter(static_cast<double>(Allocations() - before),
                                                     benchmark::Counter::kAvgIterations);
}

void MeasureCall(benchmark::State& state, Call& call, Verdict wanted) {
  Require(call.Run().verdict == wanted, "another verdict than expected");
  Measure(state, [&] { benchmark::DoNotOptimize(call.Run()); });
  state.counters["bytes"] = static_cast<double>(call.pod.size());
}

void FirstCall(benchmark::State& state, std::size_t bytes, Asks asks, std::size_t patterns) {
  Call call(PodText(bytes, asks), patterns);
  MeasureCall(state, call, Verdict::kPatched);
}

void SecondCall(benchmark::State& state, std::size_t bytes) {
  Call call(InjectedPod(bytes, Asks::kOneOfEachKind), kAllExamples);
  MeasureCall(state, call, Verdict::kUnchanged);
}

// A Pod that has so many bytes after the first call, not before it.
void SecondCallInAll(benchmark::State& state, std::size_t bytes) {
  const std::size_t added = InjectedPod(bytes, Asks::kOneOfEachKind).size() - bytes;
  Call call(InjectedPod(bytes - added, Asks::kOneOfEachKind), kAllExamples);
  MeasureCall(state, call, Verdict::kUnchanged);
}

// The rooms, entered one by one.
struct Rooms {
  Rooms(std::size_t bytes, Asks asks) : call(PodText(bytes, asks), kAllExamples) {
    outcome = call.Run();
    carried.assign(outcome.plan->decisions.size(), -1);
  }

  void Parse() { benchmark::DoNotOptimize(call.document.Parse(call.pod).ok()); }

  void Facts() {
    facts.reset();
    arena.Reset();
    facts.emplace(arena);
    injection::ReadPodFacts(call.document.root(), arena, *facts);
  }

  void Match() {
    injection::Plan plan(&arena);
    std::pmr::vector<injection::Candidate> candidates(&arena);
    injection::PreviousRecord previous(arena);
    const injection::Request request{call.document.root(), kNamespace};
    injection::Context context{request,
                               *call.index,
                               call.environment,
                               arena,
                               call.index->FindNamespace(kNamespace),
                               *facts,
                               previous,
                               plan,
                               candidates};
    injection::MatchPatterns(context);
    benchmark::DoNotOptimize(candidates.data());
  }

  void Write() {
    arena.Reset();
    std::pmr::string record(&arena);
    const injection::PreviousRecord previous(arena);
    const std::pmr::vector<int> numbers(carried, &arena);
    injection::WriteRecord(*outcome.plan, previous, numbers, record);
    std::pmr::string patch(&arena);
    injection::WritePatch(*outcome.plan, arena, patch);
    benchmark::DoNotOptimize(patch.data());
  }

  Call call;
  Outcome outcome;
  std::pmr::vector<int> carried;
  Arena arena;
  std::optional<injection::PodFacts> facts;
};

void ReadPhase(benchmark::State& state, std::size_t bytes) {
  Rooms rooms(bytes, Asks::kOneOfEachKind);
  Measure(state, [&] {
    rooms.Parse();
    rooms.Facts();
  });
}

// Matching needs the facts in the same arena, so that their time is in it: it is subtracted.
void FactsPhase(benchmark::State& state, std::size_t bytes) {
  Rooms rooms(bytes, Asks::kOneOfEachKind);
  Measure(state, [&] { rooms.Facts(); });
}

void FactsAndMatchPhase(benchmark::State& state, std::size_t bytes) {
  Rooms rooms(bytes, Asks::kOneOfEachKind);
  Measure(state, [&] {
    rooms.Facts();
    rooms.Match();
  });
}

void WritePhase(benchmark::State& state, std::size_t bytes) {
  Rooms rooms(bytes, Asks::kOneOfEachKind);
  Measure(state, [&] { rooms.Write(); });
}

void Register() {
  using benchmark::RegisterBenchmark;
  constexpr auto kAll = Asks::kOneOfEachKind;
  constexpr auto kOne = Asks::kOneCompanion;
  RegisterBenchmark("engine/8k/first", FirstCall, kSmallBytes, kAll, kAllExamples);
  RegisterBenchmark("engine/60k/first", FirstCall, kLargeBytes, kAll, kAllExamples);
  RegisterBenchmark("engine/8k/second", SecondCall, kSmallBytes);
  RegisterBenchmark("engine/8k-in-all/second", SecondCallInAll, kSmallBytes);
  RegisterBenchmark("engine/60k/second", SecondCall, kLargeBytes);
  RegisterBenchmark("engine/8k/one-companion/1-pattern", FirstCall, kSmallBytes, kOne, 1);
  RegisterBenchmark("engine/8k/one-companion/10000-patterns", FirstCall, kSmallBytes, kOne, 10000);
  for (const auto& [name, bytes] : {std::pair{"8k", kSmallBytes}, std::pair{"60k", kLargeBytes}}) {
    const auto phase = [&](std::string_view room, auto run) {
      RegisterBenchmark(("phase/" + std::string(name) + "/" + std::string(room)).c_str(), run,
                        bytes);
    };
    phase("read", ReadPhase);
    phase("facts", FactsPhase);
    phase("facts+match", FactsAndMatchPhase);
    phase("write", WritePhase);
  }
}

}  // namespace
}  // namespace remora::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  remora::bench::Register();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
