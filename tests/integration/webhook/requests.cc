#include "tests/integration/webhook/requests.h"

namespace remora::testing {

nlohmann::json PodReview(std::string_view uid, const nlohmann::json& annotations) {
  return {{"apiVersion", "admission.k8s.io/v1"},
          {"kind", "AdmissionReview"},
          {"request",
           {{"uid", uid},
            {"kind", {{"group", ""}, {"version", "v1"}, {"kind", "Pod"}}},
            {"resource", {{"group", ""}, {"version", "v1"}, {"resource", "pods"}}},
            {"namespace", "shop"},
            {"operation", "CREATE"},
            {"object",
             {{"apiVersion", "v1"},
              {"kind", "Pod"},
              {"metadata", {{"generateName", "cart-"}, {"annotations", annotations}}},
              {"spec", {{"containers", {{{"name", "cart"}, {"image", "cart:1"}}}}}}}}}}};
}

nlohmann::json WorkloadReview(const std::string& kind, const nlohmann::json& annotations) {
  nlohmann::json review = PodReview("u1", annotations);
  nlohmann::json& request = review["request"];
  const std::string group = kind.ends_with("Job") ? "batch" : "apps";
  const nlohmann::json pod = {{"metadata", {{"annotations", annotations}}},
                              {"spec", request["object"]["spec"]}};
  request["kind"] = {{"group", group}, {"version", "v1"}, {"kind", kind}};
  request["resource"] = {{"group", group}, {"version", "v1"}, {"resource", "any"}};
  request["name"] = "cart";
  request["object"] = {{"kind", kind}, {"metadata", {{"name", "cart"}}}};
  TemplateOf(review) = pod;
  return review;
}

nlohmann::json& TemplateOf(nlohmann::json& review) {
  nlohmann::json& spec = review["request"]["object"]["spec"];
  const bool makes_jobs = review["request"]["kind"]["kind"] == "CronJob";
  return makes_jobs ? spec["jobTemplate"]["spec"]["template"] : spec["template"];
}

std::string PostWorkload(std::string_view body) {
  std::string text = Post(body);
  constexpr std::string_view kNamed = "/v1/pods/named";
  return text.replace(text.find(kNamed), kNamed.size(), "/v1/workloads");
}

std::string Post(std::string_view body, std::string_view extra_headers) {
  std::string text("POST /v1/pods/named?timeout=5s HTTP/1.1\r\nHost: webhook\r\n");
  text.append("Content-Type: application/json\r\n").append(extra_headers);
  text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  return text.append(body);
}

std::string Get(std::string_view path) {
  std::string text("GET ");
  return text.append(path).append(" HTTP/1.1\r\nHost: webhook\r\n\r\n");
}

}  // namespace remora::testing
