// Annotations of a Pod, one a line as `key=value`; `%` in a value is a line break.
#include <array>
#include <string>
#include <string_view>

#include "tests/fuzz/engine.h"

namespace remora::testing {
namespace {

using nlohmann::json;

constexpr const char* kPod = R"({"apiVersion":"v1","kind":"Pod",
  "metadata":{"generateName":"web-","namespace":"shop","labels":{"app":"web"}},
  "spec":{"containers":[
      {"name":"web","image":"nginx:1","ports":[{"name":"http","containerPort":8080}],
       "env":[{"name":"REDIS_HOST","value":"redis"}],
       "volumeMounts":[{"name":"data","mountPath":"/data"}]},
      {"name":"app","image":"app:1","env":[{"name":"STRICT","value":"1"}]}],
    "initContainers":[{"name":"migrate","image":"app:1"}],
    "volumes":[{"name":"data","emptyDir":{}}]}})";

void Run(std::string_view text) {
  static Engine engine(StoredIndex());
  static const json bare = json::parse(kPod);
  json pod = bare;
  json& annotations = pod["metadata"]["annotations"];
  annotations = json::object();
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t equals = std::min(line.find('='), line.size());
    std::string value(line.substr(std::min(equals + 1, line.size())));
    for (char& c : value) c = c == '%' ? '\n' : c;
    annotations[std::string(line.substr(0, equals))] = value;
  }
  // Strings as the API server has them: UTF-8.
  engine.Ask(json::parse(TextOf(pod)));
}

}  // namespace
}  // namespace remora::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  remora::testing::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
