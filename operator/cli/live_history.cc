#include "operator/cli/live_history.h"

#include <string>
#include <utility>
#include <vector>

#include "operator/api/annotations.h"
#include "operator/cli/workloads.h"

namespace remora::cli {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

// The operator writes a status once a second at most.
constexpr int kTries = 5;

bool HasSameSpec(const json& a, const json& b) {
  const auto same = [&](const char* path) {
    const Pointer pointer(path);
    return a.contains(pointer) && b.contains(pointer) && a.at(pointer) == b.at(pointer);
  };
  return same("/metadata/uid") && same("/metadata/generation");
}

}  // namespace

Result<PatternHistory> ReadHistory(LiveCluster& cluster, const ObjectName& name) {
  const kube::ObjectKey key{cluster.namespace_name(), name.name};
  auto pattern = cluster.Get(name.kind->resource(), key);
  if (!pattern.ok()) return pattern.error();
  const auto revisions =
      cluster.List({"apps", "v1", "controllerrevisions"},
                   {.namespace_name = key.namespace_name,
                    .label_selector = std::string(api::kPatternLabel) + '=' + name.name});
  if (!revisions.ok()) return revisions.error();
  return PatternHistory::Make(*std::move(pattern), *revisions);
}

Result<json> WritePattern(LiveCluster& cluster, const json& seen, const WriteOnce& write) {
  const kube::ObjectKey key{StringAt(seen, Pointer("/metadata/namespace")),
                            StringAt(seen, Pointer("/metadata/name"))};
  const auto kind = api::ParsePatternKind(StringAt(seen, Pointer("/kind")));
  if (!kind) return Error(ErrorCode::kInternal, "the API server's answer is no pattern");
  const std::string called = std::string(PatternKindName(*kind)) + ' ' + key.ToString();
  json object = seen;
  for (int i = 0; i < kTries; ++i) {
    auto written = write(object);
    if (written.ok()) return written;
    const Error& error = written.error();
    if (error.message().find("denied the request") != std::string::npos) {
      return Error(ErrorCode::kInvalid, "cannot write " + called + ": " + error.message());
    }
    if (error.code() != ErrorCode::kConflict) return cluster.Describe(error, "write " + called);
    auto fresh = cluster.Get(PatternResource(*kind), key);
    if (!fresh.ok()) return fresh;
    if (!HasSameSpec(seen, *fresh)) break;
    object = *std::move(fresh);
  }
  return Error(ErrorCode::kConflict,
               called +
                   " was edited by somebody else at the same time; nothing was written: look "
                   "at it again, then repeat");
}

}  // namespace remora::cli
