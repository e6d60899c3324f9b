#include "webhook/review.h"

#include <optional>

#include "webhook/json_text.h"

namespace remora::webhook {

namespace {

using injection::JsonValue;

constexpr std::string_view kApiVersion = "admission.k8s.io/v1";
constexpr std::string_view kKind = "AdmissionReview";

std::string_view Text(JsonValue value, Arena& arena) {
  return value.String(arena).value_or(std::string_view());
}

GroupVersionName ReadGroupVersionName(JsonValue value, std::string_view name_key, Arena& arena) {
  return {Text(value["group"], arena), Text(value["version"], arena), Text(value[name_key], arena)};
}

void WriteHead(const Review& review, std::string& out) {
  out.append(R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":)");
  AppendJsonString(review.uid, out);
}

void WriteTail(std::span<const std::string_view> warnings, std::string& out) {
  if (!warnings.empty()) {
    out.append(R"(,"warnings":)");
    char before = '[';
    for (std::string_view warning : warnings) {
      out.push_back(before);
      AppendJsonString(warning, out);
      before = ',';
    }
    out.push_back(']');
  }
  out.append("}}");
}

}  // namespace

bool Review::CreatesPod() const {
  return operation == "CREATE" && sub_resource.empty() && object.is_object() &&
         kind == GroupVersionName{"", "v1", "Pod"} &&
         resource == GroupVersionName{"", "v1", "pods"};
}

Result<Review> ReadReview(JsonValue root, Arena& arena) {
  if (Text(root["apiVersion"], arena) != kApiVersion || Text(root["kind"], arena) != kKind) {
    return Error(
        ErrorCode::kInvalid,
        "the body is no AdmissionReview of admission.k8s.io/v1: apiVersion or kind differ");
  }
  const JsonValue request = root["request"];
  const std::string_view uid = Text(request["uid"], arena);
  if (uid.empty()) {
    return Error(ErrorCode::kInvalid, "the AdmissionReview has no request.uid to answer to");
  }
  Review review;
  review.uid = uid;
  review.kind = ReadGroupVersionName(request["kind"], "kind", arena);
  review.resource = ReadGroupVersionName(request["resource"], "resource", arena);
  review.sub_resource = Text(request["subResource"], arena);
  review.operation = Text(request["operation"], arena);
  review.namespace_name = Text(request["namespace"], arena);
  review.name = Text(request["name"], arena);
  review.dry_run = request["dryRun"].Boolean().value_or(false);
  review.object = request["object"];
  review.old_object = request["oldObject"];
  return review;
}

void WriteAllowed(const Review& review, std::string_view patch,
                  std::span<const std::string_view> warnings, std::string& out) {
  WriteHead(review, out);
  out.append(R"(,"allowed":true)");
  if (!patch.empty()) {
    out.append(R"(,"patchType":"JSONPatch","patch":)");
    AppendBase64String(patch, out);
  }
  WriteTail(warnings, out);
}

void WriteDenied(const Review& review, const Denial& denial,
                 std::span<const std::string_view> warnings, std::string& out) {
  WriteHead(review, out);
  out.append(R"(,"allowed":false,"status":{"code":)").append(std::to_string(denial.code));
  out.append(R"(,"reason":)");
  AppendJsonString(denial.reason, out);
  out.append(R"(,"message":)");
  AppendJsonString(denial.message, out);
  out.push_back('}');
  WriteTail(warnings, out);
}

}  // namespace remora::webhook
