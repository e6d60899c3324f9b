#include "webhook/pattern_handler.h"

#include <nlohmann/json.hpp>
#include <string>

#include "operator/api/annotations.h"
#include "operator/api/pattern.h"
#include "operator/base/log.h"
#include "operator/injection/pattern_index.h"

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

// What is wrong with it; empty: nothing.
std::string Complaint(const json& object) {
  const auto stored = injection::StoredPattern::FromObject(object);
  return stored ? stored->complaint : "metadata.name: it is missing";
}

}  // namespace

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
