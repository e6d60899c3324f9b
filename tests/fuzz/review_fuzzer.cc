// Bytes as the body of POST /v1/pods/named and /v1/workloads, as the Pod in such a body, and as a
// workload and its template.
#include <memory>
#include <string>
#include <string_view>

#include "operator/base/log.h"
#include "tests/fuzz/engine.h"
#include "tests/fuzz/invariants.h"
#include "webhook/pod_handler.h"
#include "webhook/workload_handler.h"

namespace remora::testing {
namespace {

using nlohmann::json;

class FixedPatterns final : public webhook::PatternSource {
 public:
  std::shared_ptr<const injection::PatternIndex> Current() const override { return index_; }
  std::string Missing() const override { return {}; }

 private:
  std::shared_ptr<const injection::PatternIndex> index_ = StoredIndex();
};

// RFC 4648 §4.
std::string FromBase64(const std::string& text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Demand(text.size() % 4 == 0, "base64 without padding", text);
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text.substr(0, text.find('='))) {
    const std::size_t digit = kDigits.find(c);
    Demand(digit != std::string_view::npos, "no base64", text);
    bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xFFU);
  }
  return bytes;
}

class ReviewFuzzer {
 public:
  ReviewFuzzer() {
    RedirectLog([](std::string_view) {});
  }

  void Run(std::string_view text) {
    const json other = DemandSameJson(text, document_);
    const webhook::Response response = Post(handler_, text);
    if (response.status == 200) CheckAnswer(other, response);
    const webhook::Response warned = Post(workloads_, text);
    if (warned.status == 200) CheckWarnings(other, warned);
    if (other.is_discarded()) return;
    const json review = ReviewOf("", "Pod", other);
    if (!document_.Parse(review.dump()).ok()) return;  // too deep by now
    CheckAnswer(review, Ask(handler_, review));
    for (const json& workload :
         {ReviewOf("apps", "Deployment", {{"metadata", other}, {"spec", {{"template", other}}}}),
          ReviewOf("batch", "CronJob", other)}) {
      if (document_.Parse(workload.dump()).ok()) CheckWarnings(workload, Ask(workloads_, workload));
    }
  }

 private:
  static json ReviewOf(const std::string& group, const std::string& kind, const json& object) {
    return {{"apiVersion", "admission.k8s.io/v1"},
            {"kind", "AdmissionReview"},
            {"request",
             {{"uid", "u"},
              {"kind", {{"group", group}, {"version", "v1"}, {"kind", kind}}},
              {"resource", {{"group", group}, {"version", "v1"}, {"resource", "pods"}}},
              {"namespace", "shop"},
              {"operation", "CREATE"},
              {"object", object}}}};
  }

  static webhook::Response Post(webhook::Handler& handler, std::string_view body) {
    webhook::Response response;
    handler.Handle({.method = "POST",
                    .path = "",
                    .content_type = webhook::kJsonType,
                    .body = body,
                    .deadline = {}},
                   response);
    Demand(response.status == 200 || response.status == 400, "another status", response.body);
    return response;
  }

  static webhook::Response Ask(webhook::Handler& handler, const json& review) {
    webhook::Response answer = Post(handler, review.dump());
    Demand(answer.status == 200, "a review was refused", answer.body);
    return answer;
  }

  void CheckWarnings(const json& review, const webhook::Response& response) {
    CheckAnswer(review, response);
    const json answer = json::parse(response.body, nullptr, false);
    if (answer.is_discarded()) return;
    const json& inner = answer["response"];
    Demand(inner["allowed"] == true && !inner.contains("patch"), "a workload is not let be",
           response.body);
    const json warnings = inner.value("warnings", json::array());
    Demand(warnings.size() <= 8, "too many warnings", response.body);
    for (const json& warning : warnings) {
      Demand(warning.get<std::string>().size() <= 120, "a long warning", response.body);
    }
  }

  // `review` is discarded where another parser does not read it.
  void CheckAnswer(const json& review, const webhook::Response& response) {
    const json answer = json::parse(response.body, nullptr, false);
    if (review.is_discarded() && answer.is_discarded()) return;
    Demand(!answer.is_discarded(), "the answer is no JSON", response.body);
    Demand(answer["apiVersion"] == "admission.k8s.io/v1" && answer["kind"] == "AdmissionReview",
           "the answer is no AdmissionReview", response.body);
    if (review.is_discarded()) return;
    const json& inner = answer["response"];
    Demand(inner["uid"] == review["request"]["uid"], "another uid", response.body);
    Demand(inner["allowed"].is_boolean(), "neither allowed nor denied", response.body);
    if (!inner.contains("patch")) return;
    Demand(inner["allowed"] == true, "denied with a patch", response.body);
    Applied(review["request"]["object"], FromBase64(inner["patch"].get<std::string>()));
  }

  injection::JsonDocument document_;
  FixedPatterns patterns_;
  injection::Environment environment_;
  webhook::Metrics metrics_;
  webhook::PodHandler handler_{webhook::Entry::kNamed, {patterns_, environment_, metrics_}};
  webhook::WorkloadHandler workloads_{{patterns_, environment_, metrics_}};
};

}  // namespace
}  // namespace remora::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static remora::testing::ReviewFuzzer fuzzer;
  fuzzer.Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
