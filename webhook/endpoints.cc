#include "webhook/endpoints.h"

#include <algorithm>
#include <utility>

namespace remora::webhook {

namespace {

constexpr std::string_view kPodsNamed = "/v1/pods/named";
constexpr std::string_view kPodsAutomatic = "/v1/pods/automatic";
constexpr std::string_view kPatterns = "/v1/patterns";
constexpr std::string_view kWorkloads = "/v1/workloads";
constexpr std::string_view kHealth = "/healthz";
constexpr std::string_view kReadiness = "/readyz";
constexpr std::string_view kMetrics = "/metrics";
constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

bool EqualsIgnoringCase(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
  });
}

// Whether the method is one of the path's; else the answer is written.
bool AllowMethods(const RequestView& request, std::string_view allowed, Response& response) {
  const bool get = request.method == "GET" || request.method == "HEAD";
  if (allowed == "POST" ? request.method == "POST" : get) return true;
  Refuse(response, 405, "this path answers " + std::string(allowed) + " only");
  response.allow = allowed;
  return false;
}

}  // namespace

Endpoints::Endpoints(EndpointsOptions options)
    : options_(std::move(options)),
      named_(Entry::kNamed, options_.pods),
      automatic_(Entry::kAutomatic, options_.pods),
      patterns_({options_.pods.patterns, options_.pods.environment, options_.pods.metrics}),
      workloads_(options_.pods) {}

Handler* Endpoints::FindReviewer(std::string_view path) {
  if (path == kPodsNamed) return &named_;
  if (path == kPodsAutomatic) return &automatic_;
  if (path == kPatterns) return &patterns_;
  return path == kWorkloads ? &workloads_ : nullptr;
}

void Endpoints::Handle(const RequestView& request, Response& response) {
  if (Handler* reviewer = FindReviewer(request.path)) {
    if (!AllowMethods(request, "POST", response)) return;
    if (!EqualsIgnoringCase(request.content_type, kJsonType)) {
      return Refuse(response, 415, "the content type must be application/json");
    }
    return reviewer->Handle(request, response);
  }
  const bool known =
      request.path == kHealth || request.path == kReadiness || request.path == kMetrics;
  if (!known) return Refuse(response, 404, "there is nothing at this path");
  if (!AllowMethods(request, "GET, HEAD", response)) return;
  if (request.path == kReadiness) return ServeReadiness(response);
  if (request.path == kMetrics) return ServeMetrics(response);
  response.content_type = kTextType;
  response.body.append("ok\n");
}

// Not a refusal: the kubelet asks every few seconds, and the start would be a log line each time.
void Endpoints::ServeReadiness(Response& response) const {
  const std::string reason = options_.not_ready();
  response.content_type = kTextType;
  response.status = reason.empty() ? 200 : 503;
  response.body.append(reason.empty() ? "ok" : reason).append("\n");
}

void Endpoints::ServeMetrics(Response& response) const {
  response.content_type = kMetricsType;
  response.body.append(options_.pods.metrics.Render());
}

}  // namespace remora::webhook
