// The requests that the tests of the webhook send.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace remora::testing {

// The CREATE of a Pod of a Deployment `cart` in Namespace `shop`.
nlohmann::json PodReview(std::string_view uid,
                         const nlohmann::json& annotations = nlohmann::json::object());

// The CREATE of a workload `cart` of that kind in Namespace `shop`, with the template of the Pod above.
nlohmann::json WorkloadReview(const std::string& kind,
                              const nlohmann::json& annotations = nlohmann::json::object());
// Where the Pod template of such a review stands.
nlohmann::json& TemplateOf(nlohmann::json& review);

// To /v1/pods/named, as the API server sends it. Each extra header ends in CRLF.
std::string Post(std::string_view body, std::string_view extra_headers = "");
std::string PostWorkload(std::string_view body);  // to /v1/workloads
std::string Get(std::string_view path);

}  // namespace remora::testing
