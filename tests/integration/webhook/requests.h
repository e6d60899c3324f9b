// The requests that the tests of the webhook send.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace remora::testing {

// The CREATE of a Pod of a Deployment `cart` in Namespace `shop`.
nlohmann::json PodReview(std::string_view uid,
                         const nlohmann::json& annotations = nlohmann::json::object());

// To /v1/pods/named, as the API server sends it. Each extra header ends in CRLF.
std::string Post(std::string_view body, std::string_view extra_headers = "");
std::string Get(std::string_view path);

}  // namespace remora::testing
