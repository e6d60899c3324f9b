// A pattern as JSON: decoded, compiled, and injected into a Pod that asks for it.
#include <string>
#include <string_view>

#include "operator/api/annotations.h"
#include "operator/injection/compiled_pattern.h"
#include "tests/fuzz/engine.h"
#include "tests/fuzz/invariants.h"

namespace remora::testing {
namespace {

using nlohmann::json;

constexpr const char* kPod = R"j({"apiVersion":"v1","kind":"Pod",
  "metadata":{"generateName":"web-","labels":{"app":"web"},"annotations":{}},
  "spec":{"containers":[
      {"name":"web","image":"nginx:1","ports":[{"name":"http","containerPort":8080}],
       "env":[{"name":"REDIS_HOST","value":"redis"},{"name":"OWN","value":"$(REDIS_HOST)"}],
       "volumeMounts":[{"name":"data","mountPath":"/var/log/app"}],
       "readinessProbe":{"httpGet":{"port":"http"}}}],
    "initContainers":[{"name":"migrate","image":"app:1"}],
    "hostAliases":[{"ip":"127.0.0.1","hostnames":["own"]}],
    "imagePullSecrets":[{"name":"own"}],
    "volumes":[{"name":"data","emptyDir":{}}]}})j";

// A Pod in the pattern's namespace that asks for it, with a value for each parameter that needs one.
json PodThatAsksFor(const injection::StoredPattern& stored) {
  json pod = json::parse(kPod);
  pod["metadata"]["namespace"] = "shop";
  json& annotations = pod["metadata"]["annotations"];
  std::string list(api::kPatternPrefix);
  list += api::PatternKindName(stored.kind);
  char& initial = list[api::kPatternPrefix.size()];
  initial = static_cast<char>(initial - 'A' + 'a');
  annotations[list] = stored.name;
  for (const api::Parameter& parameter : stored.compiled->spec().parameters) {
    if (parameter.default_value) continue;
    const std::string key = std::string(api::kParameterPrefix) + stored.name + "." + parameter.name;
    annotations[key] =
        parameter.example.value_or(parameter.enumeration.empty() ? "7" : parameter.enumeration[0]);
  }
  return pod;
}

void Run(std::string_view text) {
  json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return;
  if (object.contains("metadata") && object["metadata"].is_object()) {
    object["metadata"]["namespace"] = "shop";
  }
  const auto stored = injection::StoredPattern::FromObject(object);
  if (!stored) return;
  Demand((stored->compiled == nullptr) == !stored->complaint.empty(),
         "neither compiled nor complained of, or both", text);
  if (!stored->compiled) return;
  injection::PatternIndex::Builder builder;
  builder.Add(stored);
  Engine engine(std::move(builder).Build());
  engine.Ask(PodThatAsksFor(*stored));
}

}  // namespace
}  // namespace remora::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  remora::testing::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
