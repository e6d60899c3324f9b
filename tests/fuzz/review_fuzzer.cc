// Bytes as the body of POST /v1/pods/named, and as the Pod in such a body.
#include <memory>
#include <string>
#include <string_view>

#include "operator/base/log.h"
#include "tests/fuzz/engine.h"
#include "tests/fuzz/invariants.h"
#include "webhook/pod_handler.h"

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
    const webhook::Response response = Post(text);
    if (response.status == 200) CheckAnswer(other, response);
    if (other.is_discarded()) return;
    const json review = {{"apiVersion", "admission.k8s.io/v1"},
                         {"kind", "AdmissionReview"},
                         {"request",
                          {{"uid", "u"},
                           {"kind", {{"group", ""}, {"version", "v1"}, {"kind", "Pod"}}},
                           {"resource", {{"group", ""}, {"version", "v1"}, {"resource", "pods"}}},
                           {"namespace", "shop"},
                           {"operation", "CREATE"},
                           {"object", other}}}};
    const std::string body = review.dump();
    if (!document_.Parse(body).ok()) return;  // too deep by now
    const webhook::Response answer = Post(body);
    Demand(answer.status == 200, "a review was refused", answer.body);
    CheckAnswer(review, answer);
  }

 private:
  webhook::Response Post(std::string_view body) {
    webhook::Response response;
    handler_.Handle({.method = "POST",
                     .path = "/v1/pods/named",
                     .content_type = webhook::kJsonType,
                     .body = body,
                     .deadline = {}},
                    response);
    Demand(response.status == 200 || response.status == 400, "another status", response.body);
    return response;
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
};

}  // namespace
}  // namespace remora::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static remora::testing::ReviewFuzzer fuzzer;
  fuzzer.Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
