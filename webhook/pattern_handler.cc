#include "webhook/pattern_handler.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "operator/api/annotations.h"
#include "operator/api/pattern.h"
#include "operator/base/log.h"
#include "operator/injection/pattern_index.h"
#include "operator/injection/pattern_tests.h"
#include "operator/injection/sample_pod.h"

namespace remora::webhook {

namespace {

using nlohmann::json;

bool StoresPattern(const Review& review) {
  return (review.operation == "CREATE" || review.operation == "UPDATE") &&
         review.sub_resource.empty() && review.kind.group == api::kGroup &&
         api::ParsePatternKind(review.kind.name) && review.object.is_object();
}

// The document's depth has been checked: see JsonDocument.
json ToJson(injection::JsonValue value) { return json::parse(value.raw()); }

json SpecOf(const json& object) { return object.value("spec", json()); }

}  // namespace

std::string PatternHandler::Complaint(const json& object) const {
  auto stored = injection::StoredPattern::FromObject(object);
  if (!stored) return "metadata.name: it is missing";
  if (!stored->compiled) return stored->complaint;
  if (auto failure = injection::RenderSample(stored, options_.environment)) {
    return "spec: " + *std::move(failure);
  }
  const auto tests = injection::ReadPatternTests(object);
  if (!tests.ok()) return tests.error().message();
  if (tests->empty()) return {};
  const auto current = options_.patterns.Current();
  injection::PatternIndex::Builder builder;
  if (current) builder = injection::PatternIndex::Builder(*current);
  builder.Add(std::move(stored));
  const auto index = std::move(builder).Build();
  for (const injection::PatternTest& test : *tests) {
    if (const auto failure = RunPatternTest(test, *index, options_.environment)) {
      return "spec.tests: the test \"" + test.name + "\" fails: " + *failure;
    }
  }
  return {};
}

std::optional<AdmissionVerdict> PatternHandler::Answer(const Review& review, const RequestView&,
                                                       Response& response) {
  const auto allow = [&] {
    WriteAllowed(review, {}, {}, response.body);
    return AdmissionVerdict::kUnchanged;
  };
  if (!StoresPattern(review)) return allow();
  const json object = ToJson(review.object);
  if (review.old_object.is_object() && SpecOf(ToJson(review.old_object)) == SpecOf(object)) {
    return allow();
  }
  const std::string complaint = Complaint(object);
  if (complaint.empty()) return allow();
  const std::string sentence = std::string(review.kind.name) + " " +
                               std::string(review.namespace_name) + "/" + std::string(review.name) +
                               ": " + complaint;
  Log(LogLevel::kInfo, "pattern refused", {{"uid", review.uid}, {"message", sentence}});
  WriteDenied(review, {422, "Invalid", sentence}, {}, response.body);
  return AdmissionVerdict::kDenied;
}

void PatternHandler::AnswerInternalError(const Review& review, std::string_view what,
                                         Response& response) {
  const std::string sentence =
      std::string("InternalError: Remora could not judge it: ").append(what);
  Log(LogLevel::kError, "pattern refused", {{"uid", review.uid}, {"message", sentence}});
  WriteDenied(review, {500, "InternalError", sentence}, {}, response.body);
}

}  // namespace remora::webhook
