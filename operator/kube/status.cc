#include "operator/kube/status.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "operator/kube/internal/object_text.h"

namespace remora::kube {

namespace {

struct Row {
  int status;
  std::string_view reason;  // of the Status object; empty: any
  ErrorCode code;
};

// The first row that fits.
// https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#http-status-codes
constexpr Row kTable[] = {
    {409, "AlreadyExists", ErrorCode::kAlreadyExists},
    {409, "", ErrorCode::kConflict},
    {400, "", ErrorCode::kInvalid},
    {401, "", ErrorCode::kPermissionDenied},
    {403, "", ErrorCode::kPermissionDenied},
    {404, "", ErrorCode::kNotFound},
    {405, "", ErrorCode::kInvalid},
    {406, "", ErrorCode::kInvalid},
    {410, "", ErrorCode::kGone},
    {413, "", ErrorCode::kInvalid},
    {415, "", ErrorCode::kInvalid},
    {422, "", ErrorCode::kInvalid},
    {429, "", ErrorCode::kUnavailable},
    {504, "", ErrorCode::kDeadlineExceeded},
};

ErrorCode CodeFor(int status, std::string_view reason) {
  for (const Row& row : kTable) {
    if (row.status == status && (row.reason.empty() || row.reason == reason)) return row.code;
  }
  // 5xx heal by themselves or through an administrator; a number out of the ordinary, such as a
  // proxy's redirect, says that something other than an API server has answered.
  return ErrorCode::kUnavailable;
}

std::string TextAt(const nlohmann::json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

Error MakeError(int status, std::string_view reason, std::string_view message) {
  return Error(
      CodeFor(status, reason),
      fmt::format("{} ({}{}{})", message.empty() ? "the API server gave no reason" : message,
                  status, reason.empty() ? "" : " ", reason));
}

}  // namespace

bool IsSuccess(int http_status) { return http_status >= 200 && http_status < 300; }

bool IsUnauthenticated(int http_status) { return http_status == 401; }

Error ErrorFromStatus(int http_status, std::string_view body) {
  const auto status = internal::ParseObject(body);
  if (!status.ok()) {
    // Text that is no Status object is a sentence too; a web page is not.
    constexpr std::size_t kLongestSentence = 200;
    const bool sentence = body.size() <= kLongestSentence && body.find('<') == body.npos;
    while (!body.empty() && body.back() == '\n') body.remove_suffix(1);
    return MakeError(http_status, "", sentence ? body : "");
  }
  return MakeError(http_status, TextAt(*status, "reason"), TextAt(*status, "message"));
}

Error ErrorFromStatusObject(const nlohmann::json& status) {
  const auto code = status.find("code");
  const bool numbered = code != status.end() && code->is_number_integer();
  const std::string reason = TextAt(status, "reason");
  // An expired watch has said so by its reason alone in some versions.
  const int number = numbered ? code->get<int>() : (reason == "Expired" ? 410 : 500);
  return MakeError(number, reason, TextAt(status, "message"));
}

}  // namespace remora::kube
