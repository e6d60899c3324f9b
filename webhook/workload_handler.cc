#include "webhook/workload_handler.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "operator/base/log.h"
#include "webhook/workload.h"
#include "webhook/workload_warnings.h"

namespace remora::webhook {

namespace {

// Whose Pods the webhook configuration leaves out.
constexpr std::array<std::string_view, 2> kExcluded = {"kube-system", "remora-system"};

AdmissionVerdict Allow(const Review& review, const std::vector<std::string>& warnings,
                       Response& response) {
  const std::vector<std::string_view> views(warnings.begin(), warnings.end());
  WriteAllowed(review, {}, views, response.body);
  return AdmissionVerdict::kUnchanged;
}

AdmissionVerdict AllowUnread(const Review& review, Response& response) {
  WriteAllowed(review, {}, {}, response.body);
  return AdmissionVerdict::kError;
}

}  // namespace

std::optional<AdmissionVerdict> WorkloadHandler::Answer(const Review& review,
                                                        const RequestView& request,
                                                        Response& response) {
  if (!StoresWorkload(review)) return Allow(review, {}, response);
  const Workload workload = ReadWorkload(review, arena());
  if (!workload.IsReadable()) return AllowUnread(review, response);
  const std::string_view namespace_name = review.namespace_name;
  if (std::find(kExcluded.begin(), kExcluded.end(), namespace_name) != kExcluded.end()) {
    return Allow(review, ExcludedWarnings(workload, namespace_name, arena()), response);
  }
  const auto patterns = options_.patterns.Current();
  if (!patterns) return AllowUnread(review, response);
  const auto decided = decider_.Decide({.pod = workload.pod_template,
                                        .namespace_name = namespace_name,
                                        .volume_claims = workload.volume_claims},
                                       patterns, request, response);
  if (!decided) return std::nullopt;
  return Allow(review, WorkloadWarnings(workload, decided->outcome, arena()), response);
}

void WorkloadHandler::AnswerInternalError(const Review& review, std::string_view what,
                                          Response& response) {
  Log(LogLevel::kError, "workload not judged",
      {{"uid", review.uid},
       {"namespace", review.namespace_name},
       {"kind", review.kind.name},
       {"name", review.name},
       {"message", what}});
  WriteAllowed(review, {}, {}, response.body);
}

}  // namespace remora::webhook
