// The record (annotation patterns.remora.dev/status) of a Pod, which its author may have written.
// The last byte says which of the Pods of tests/property it stands on, and whether they have been
// injected before.
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/annotations.h"
#include "tests/fuzz/engine.h"
#include "tests/property/pod_generator.h"

namespace remora::testing {
namespace {

using nlohmann::json;

constexpr std::uint32_t kPods = 128;

// Each twice: as its user wrote it, and injected.
std::vector<json> MakePods(Engine& engine) {
  std::vector<json> pods;
  for (std::uint32_t seed = 1; seed <= kPods; ++seed) {
    pods.push_back(PodGenerator(seed).Next());
    pods.push_back(engine.Ask(pods.back()));
  }
  return pods;
}

void Run(std::string_view text) {
  static Engine engine(StoredIndex());
  static const std::vector<json> pods = MakePods(engine);
  if (text.empty()) return;
  json pod = pods[static_cast<unsigned char>(text.back())];
  text.remove_suffix(1);
  pod["metadata"]["annotations"][std::string(api::kStatusKey)] = text;
  // Strings as the API server has them: UTF-8.
  engine.Ask(json::parse(TextOf(pod)));
}

}  // namespace
}  // namespace remora::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  remora::testing::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
