#include <array>
#include <string>

#include "tests/property/pattern_generator.h"
#include "tests/property/random.h"

namespace remora::testing {

namespace {

using nlohmann::json;

constexpr std::array<const char*, 4> kPaths = {"/var/log/app", "/data", "/elsewhere",
                                               "$(params.dir)"};
constexpr std::array<const char*, 7> kVariables = {"REDIS_HOST", "REDIS_URL", "REGION", "NODE",
                                                   "STRICT",     "OWN",       "DB_PORT"};
constexpr std::array<const char*, 9> kPeers = {
    "migrate", "istio-init", "warm-up", "redis", "db", "log-saver", "early", "tag", "exporter"};
constexpr std::array<int, 6> kPorts = {8080, 5432, 9113, 23265, 1234, 8053};

// One spec. Most of what it says keeps the rules of the CRDs; what does not is out of service.
class SpecGenerator {
 public:
  SpecGenerator(Random& random, std::string kind)
      : random_(random), kind_(std::move(kind)), populate_(kind_ == "Sidecar" && Chance(30)) {}

  json Next() {
    init_only_ = populate_ && Chance(40);
    if (Chance(10)) spec_["description"] = "at random";
    Parameters();
    Target();
    if (kind_ != "Sidecar" && !init_only_) Endpoints();
    if (populate_) spec_["role"] = "Populate";
    if (!init_only_) spec_["container"] = Container();
    if (init_only_ || Chance(25)) InitContainers();
    Volumes();
    Files();
    Environment();
    Placement();
    Metadata();
    Rights();
    return spec_;
  }

 private:
  bool Chance(int percent) { return random_.Chance(percent); }

  void Parameters() {
    static const json kAll = json::parse(R"j([
      {"name":"dir","type":"string","default":"/var/log/app","description":"where"},
      {"name":"upstream","type":"string","default":"redis.example:6379"},
      {"name":"wait","type":"integer","default":"5","minimum":1,"maximum":60},
      {"name":"flag","type":"boolean","default":"true"},
      {"name":"mode","type":"string","enum":["fast","slow"]},
      {"name":"size","type":"quantity","default":"1Mi","maximum":"1Gi"},
      {"name":"time","type":"duration","default":"5s"},
      {"name":"port","type":"port","default":"8080"},
      {"name":"word","type":"string","pattern":"[a-z]+","example":"x"}])j");
    spec_["parameters"] = json::array({kAll[0], kAll[1], kAll[7]});
    for (const std::size_t other : {2U, 3U, 4U, 5U, 6U, 8U}) {
      if (Chance(25)) spec_["parameters"].push_back(kAll[other]);
    }
    if (Chance(10)) {
      spec_["parameters"].push_back({{"name", "repo"}, {"type", "string"}, {"required", true}});
    }
  }

  void Target() {
    if (!Chance(40)) return;
    switch (random_.Below(4)) {
      case 0: spec_["target"] = {{"containers", "All"}}; break;
      case 1: spec_["target"] = {{"containers", "Named"}, {"names", {"web"}}}; break;
      case 2: spec_["target"] = {{"containers", "Port"}, {"port", "http"}}; break;
      default: spec_["target"] = {{"containers", "Port"}, {"port", 8080}};
    }
  }

  void Endpoints() {
    constexpr std::array<const char*, 3> kNames = {"in", "out", "admin"};
    for (std::size_t i = 0, count = random_.Below(4); i < count; ++i) {
      json endpoint = {{"name", kNames[i]}};
      if (Chance(15)) {
        endpoint["protocol"] = "Unix";
        endpoint["socketPath"] = std::string("/run/") + kNames[i] + "/s.sock";
        if (Chance(50)) {
          endpoint["env"]["url"] = {{"name", kVariables[i]}, {"value", Root(kNames[i], "address")}};
        }
      } else {
        Listen(endpoint, i);
      }
      spec_["endpoints"].push_back(endpoint);
    }
    if (kind_ == "Adapter") return Metrics();
    if (Chance(30)) {
      spec_["direction"] = "Inbound";
      if (Chance(60) && spec_.contains("endpoints")) {
        spec_["takeOver"] = {{"portName", Chance(70) ? "http" : "admin"}, {"endpoint", "in"}};
      }
    } else if (Chance(40)) {
      spec_["waitSeconds"] = Chance(50) ? 0 : 5;
    }
  }

  void Listen(json& endpoint, std::size_t number) {
    constexpr std::array<const char*, 4> kProtocols = {"TCP", "UDP", "HTTP", "GRPC"};
    constexpr std::array<const char*, 4> kHosts = {"db.example", "redis.example", "Cache.Example",
                                                   "own.example"};
    const std::string name = endpoint["name"];
    if (Chance(50)) endpoint["protocol"] = random_.OneOf(kProtocols);
    if (Chance(40)) {
      endpoint["port"] = kPorts[(number * 2 + random_.Below(2)) % kPorts.size()];
      if (number == 0 && Chance(20)) endpoint["port"] = "$(params.port)";
      if (Chance(50)) endpoint["hostnames"] = {random_.OneOf(kHosts)};
      if (Chance(20)) endpoint["hostnames"] = {kHosts[0], kHosts[3]};
    }
    if (Chance(60)) {
      endpoint["upstream"] = Chance(30) ? "$(params.upstream)" : std::string("db.example:5432");
    }
    if (Chance(60)) endpoint["env"]["port"] = std::string("PORT_") + std::to_string(number);
    if (Chance(40)) endpoint["env"]["host"] = "REDIS_HOST";
    if (Chance(40)) {
      endpoint["env"]["url"] = {{"name", kVariables[number + 1]},
                                {"value", "x://" + Root(name, "address")}};
    }
  }

  static std::string Root(const std::string& endpoint, const char* what) {
    return "$(endpoints." + endpoint + "." + what + ")";
  }

  void Metrics() {
    if (!Chance(60)) return;
    spec_["metrics"] = json::object();
    if (Chance(40)) spec_["metrics"]["port"] = 9113;
    if (Chance(30)) spec_["metrics"]["path"] = "/stats";
    if (Chance(30)) spec_["metrics"]["portName"] = "stats";
    if (Chance(60)) spec_["metrics"]["annotate"] = true;
  }

  json Container() {
    json container = {{"image", "i:2"}, {"args", json::array()}};
    if (Chance(30)) container["args"].push_back("$(target.name)");
    if (Chance(10)) container["args"].push_back("$(target.ports.http)");
    if (Chance(10)) container["args"].push_back("$(pod.labels['app'])");
    if (Chance(20)) container["args"].push_back("$(params.dir) $$(params.dir) $(OWN)");
    if (Chance(20)) container["env"].push_back({{"name", "P"}, {"value", "$(params.port)"}});
    if (Chance(15)) container["ports"].push_back({{"containerPort", random_.OneOf(kPorts)}});
    if (Chance(20)) container["livenessProbe"] = {{"httpGet", {{"port", 8080}, {"path", "/"}}}};
    if (Chance(20)) container["resources"] = {{"requests", {{"cpu", "5m"}}}};
    if (Chance(20)) container["lifecycle"]["preStop"] = {{"exec", {{"command", {"true"}}}}};
    if (populate_ || (kind_ == "Ambassador" && Chance(30))) {
      container["startupProbe"] = {{"exec", {{"command", {"true"}}}}};
    }
    return container;
  }

  void InitContainers() {
    spec_["initContainers"].push_back({{"name", "setup"}, {"image", "i:3"}});
    if (Chance(40)) {
      spec_["initContainers"].push_back(
          {{"name", "copy"}, {"image", "i:3"}, {"args", {"$(params.dir)"}}});
    }
  }

  void Volumes() {
    if (Chance(30)) {
      spec_["volumes"].push_back({{"name", "state"}, {"emptyDir", json::object()}});
      Mount("state", "/state");
    }
    if (Chance(15)) {
      spec_["volumes"].push_back({{"name", "config"}, {"configMap", {{"name", "c"}}}});
      Mount("config", "/config");
    }
    if (Chance(10)) Mount("data", "/pods-data");
    if (!Chance(45)) return;
    json share = {{"name", "logs"}, {"path", "/logs"}, {"targetPath", random_.OneOf(kPaths)}};
    if (Chance(40)) share["access"] = Chance(50) ? "Both" : "CompanionWrites";
    if (Chance(20)) share["subPath"] = "part";
    if (Chance(20)) {
      share["volumeName"] = "data";
    } else {
      if (Chance(30)) share["sizeLimit"] = "1Mi";
      if (Chance(20)) share["medium"] = "Memory";
    }
    spec_["share"].push_back(share);
    if (Chance(30)) {
      spec_["share"].push_back({{"name", "more"}, {"path", "/more"}, {"targetPath", "/more"}});
    }
  }

  void Mount(const char* volume, const char* path) {
    json& user = spec_.contains("container") ? spec_["container"] : spec_["initContainers"][0];
    user["volumeMounts"].push_back({{"name", volume}, {"mountPath", path}});
  }

  void Files() {
    if (!Chance(25)) return;
    spec_["files"].push_back({{"path", "/etc/x.conf"}, {"content", "dir $(params.dir)\n"}});
    if (Chance(40)) {
      spec_["files"].push_back({{"path", "/etc/y"}, {"content", "\u00e9\t\"y\""}, {"mode", 384}});
    }
  }

  void Environment() {
    if (!Chance(50)) return;
    constexpr std::array<const char*, 3> kConflicts = {"Keep", "Override", "Fail"};
    const std::size_t first = random_.Below(kVariables.size());
    for (std::size_t i = 0, count = 1 + random_.Below(3); i < count; ++i) {
      json variable = {{"name", kVariables[(first + i) % kVariables.size()]}};
      if (Chance(30)) {
        variable["operation"] = Chance(50) ? "Append" : "Prepend";
        if (Chance(40)) variable["separator"] = ":";
        variable["value"] = "extra $(params.dir)";
      } else {
        if (Chance(60)) variable["onConflict"] = random_.OneOf(kConflicts);
        if (Chance(20)) {
          variable["valueFrom"] = {{"fieldRef", {{"fieldPath", "spec.nodeName"}}}};
        } else {
          variable["value"] = Chance(20) ? "" : "new \\ $(REGION)";
        }
      }
      spec_["env"].push_back(variable);
    }
  }

  void Placement() {
    if (!Chance(45)) return;
    json placement = json::object();
    if (Chance(40)) placement["position"] = Chance(50) ? "BeforeInit" : "AfterInit";
    if (!init_only_ && Chance(25)) {
      const bool native = populate_ || kind_ == "Ambassador" || Chance(50);
      placement["mode"] = native ? "Native" : "Regular";
    }
    if (Chance(45)) placement["before"] = {random_.OneOf(kPeers)};
    if (Chance(45)) placement["after"] = {random_.OneOf(kPeers)};
    const bool early = kind_ == "Ambassador" || placement.value("position", "") == "BeforeInit";
    if (early && placement.value("mode", "") != "Regular" && Chance(40)) {
      spec_["target"]["initContainers"] = true;
    }
    spec_["placement"] = placement;
  }

  void Metadata() {
    if (!init_only_ && Chance(25)) spec_["drainSeconds"] = 7;
    if (!init_only_ && Chance(10)) spec_["resourcesPercent"] = 10;
    if (Chance(10)) spec_["serviceAccountToken"] = Chance(50) ? "Hide" : "Inherit";
    if (Chance(25)) {
      spec_["imagePullSecrets"].push_back({{"name", Chance(50) ? "registry" : "mirror"}});
    }
    if (Chance(20)) spec_["podLabels"]["team"] = Chance(50) ? "red" : "$(params.port)";
    if (Chance(20)) spec_["podAnnotations"]["example.com/note"] = "for $(pod.namespace)";
    if (Chance(10)) spec_["podAnnotations"]["example.com/more"] = "$(pattern.name)";
  }

  void Rights() {
    if (Chance(15)) {
      spec_["selector"] = Chance(40)
                              ? json::object()
                              : json::parse(R"({"matchLabels":{"app":"web"},"matchExpressions":
                         [{"key":"tier","operator":"In","values":["a","b"]}]})");
    }
    if (Chance(60)) spec_["allowedNamespaces"] = {{"from", "All"}};
    if (Chance(20)) {
      spec_["allowedNamespaces"] = json::parse(
          R"({"from":"Selector","selector":{"matchLabels":{"team":"a"},"matchExpressions":
              [{"key":"team","operator":"In","values":["a","b"]}]}})");
    }
    if (Chance(50)) spec_["onError"] = Chance(75) ? "Admit" : "Deny";
    if (Chance(5)) spec_["update"]["replaceMissing"] = Chance(50);
    if (Chance(5)) spec_["revisionHistoryLimit"] = 3;
    if (Chance(2)) spec_["pinnedRevision"] = "b4x6c2f9kd";  // which nobody keeps
    if (Chance(5)) {
      spec_["tests"] = json::parse(
          R"({"t":[{"name":"one","pod":{},"want":{"reason":"Injected","pod":{}}}]})")["t"];
    }
  }

  Random& random_;
  std::string kind_;
  bool populate_;
  bool init_only_ = false;
  json spec_ = json::object();
};

}  // namespace

std::vector<json> RandomPatterns(std::uint32_t seed) {
  Random random(seed);
  std::vector<json> patterns = PatternsByHand();
  for (json& pattern : patterns) {
    if (random.Chance(15)) continue;
    pattern["spec"] = SpecGenerator(random, pattern["kind"]).Next();
    // A pattern may not name itself.
    json& spec = pattern["spec"];
    for (const char* list : {"before", "after"}) {
      if (spec.contains("placement") && spec["placement"].contains(list) &&
          spec["placement"][list][0] == pattern["metadata"]["name"]) {
        spec["placement"].erase(list);
      }
    }
  }
  return patterns;
}

json RandomNamespace(std::uint32_t seed) {
  Random random(seed);
  json object = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "shop"}}}};
  json& metadata = object["metadata"];
  if (random.Chance(50)) metadata["labels"]["team"] = random.Chance(70) ? "a" : "b";
  if (random.Chance(60)) metadata["labels"]["patterns.remora.dev/injection"] = "enabled";
  if (random.OneIn(20)) metadata["labels"]["patterns.remora.dev/injection"] = "disabled";
  json& annotations = metadata["annotations"] = json::object();
  if (random.Chance(30)) annotations["params.patterns.remora.dev/log-saver.dir"] = "/data";
  if (random.Chance(20)) annotations["params.patterns.remora.dev/redis.wait"] = "9";
  if (random.Chance(10)) annotations["params.patterns.remora.dev/redis.upstream"] = "db.example:1";
  if (random.Chance(10)) annotations["params.patterns.remora.dev/agent.opts"] = "bad;value";
  return object;
}

}  // namespace remora::testing
