#include "tests/property/pod_generator.h"

#include <array>

namespace remora::testing {

namespace {

using nlohmann::json;

constexpr std::array<int, 7> kPorts = {8080, 5432, 9113, 23265, 1234, 8053, 443};
constexpr std::array<const char*, 6> kContainers = {"web",  "app",   "istio-proxy",
                                                    "cart", "redis", "x"};
constexpr std::array<const char*, 5> kInitContainers = {"istio-init", "migrate", "log-saver",
                                                        "warm-up", "tag--setup"};
constexpr std::string_view kTokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";

bool Asks(const json& annotations, const char* pattern) {
  for (const char* kind : {"sidecar", "ambassador", "adapter"}) {
    const std::string key = std::string("patterns.remora.dev/") + kind;
    if (annotations.value(key, "").find(pattern) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

json PodGenerator::Next() {
  json pod = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", Metadata()}};
  json& spec = pod["spec"];
  spec["containers"] = json::array();
  const std::size_t first = random_.Below(kContainers.size());
  for (std::size_t i = 0, count = 1 + random_.Below(3); i < count; ++i) {
    spec["containers"].push_back(Container(kContainers[(first + i) % kContainers.size()], false));
  }
  if (Chance(45)) AddInitContainers(spec);
  AddVolumes(spec);
  for (const char* list : {"containers", "initContainers"}) {
    if (!spec.contains(list)) continue;
    for (json& container : spec[list]) AddMounts(spec, container);
  }
  AddPodFields(spec);
  AddOddities(pod);
  return pod;
}

json PodGenerator::Metadata() {
  json metadata = {{"namespace", "shop"}};
  if (Chance(50)) {
    metadata["name"] = "web-0";
  } else {
    metadata["generateName"] = "web-";
  }
  if (Chance(95)) metadata["annotations"] = Annotations();
  if (Chance(50)) metadata["labels"] = {{"app", Chance(80) ? "web" : "cart"}};
  if (Chance(20)) metadata["labels"]["tier"] = Chance(50) ? "a" : "c";
  if (Chance(10)) metadata["labels"]["team"] = "own";
  if (Chance(3)) metadata["labels"]["patterns.remora.dev/injected"] = "no";
  return metadata;
}

void PodGenerator::AddInitContainers(json& spec) {
  for (std::size_t i = 0, count = 1 + random_.Below(4); i < count; ++i) {
    if (Chance(20)) continue;
    json container = Container(kInitContainers[i], true);
    if (Chance(15)) {
      container["restartPolicy"] = "Always";
      AddHandlers(container);
    }
    spec["initContainers"].push_back(container);
  }
  if (random_.OneIn(30)) spec["initContainers"].push_back(Container("tag--setup", true));
}

json PodGenerator::Container(const std::string& name, bool init) {
  json container = {{"name", name}, {"image", "i:1"}};
  if (Chance(55)) AddPorts(container);
  if (Chance(10)) container["env"] = json::array();
  if (Chance(50)) AddEnvironment(container);
  if (!init && Chance(30)) AddHandlers(container);
  return container;
}

void PodGenerator::AddPorts(json& container) {
  constexpr std::array<const char*, 3> kNames = {"http", "admin", "metrics"};
  const std::size_t first = random_.Below(kPorts.size());
  for (std::size_t i = 0, count = 1 + random_.Below(2); i < count; ++i) {
    json port = {{"containerPort", kPorts[(first + i) % kPorts.size()]}};
    if (Chance(70)) port["name"] = kNames[i + (Chance(20) ? 1U : 0U)];
    if (i > 0 && port.contains("name") && port["name"] == container["ports"][0].value("name", "")) {
      port.erase("name");
    }
    if (Chance(30)) {
      constexpr std::array<const char*, 3> kProtocols = {"UDP", "TCP", "SCTP"};
      port["protocol"] = random_.OneOf(kProtocols);
    }
    container["ports"].push_back(port);
  }
}

void PodGenerator::AddHandlers(json& container) {
  const auto port = [&]() -> json {
    if (Chance(60)) return "http";
    return Chance(50) ? 8080 : 23265;
  };
  if (Chance(50)) container["livenessProbe"] = {{"httpGet", {{"port", port()}, {"path", "/"}}}};
  if (Chance(40)) container["readinessProbe"] = {{"tcpSocket", {{"port", port()}}}};
  if (Chance(30)) container["startupProbe"] = {{"grpc", {{"port", 8080}}}};
  if (Chance(20)) container["lifecycle"]["preStop"] = {{"httpGet", {{"port", port()}}}};
  if (Chance(20)) container["lifecycle"]["postStart"] = {{"tcpSocket", {{"port", port()}}}};
}

void PodGenerator::AddEnvironment(json& container) {
  constexpr std::array<const char*, 8> kNames = {"REDIS_HOST", "REDIS_URL", "REGION",  "NODE",
                                                 "STRICT",     "OWN",       "DB_PORT", "PORT_0"};
  const std::size_t first = random_.Below(kNames.size());
  for (std::size_t i = 0, count = 1 + random_.Below(4); i < count; ++i) {
    json variable = {{"name", kNames[(first + i) % kNames.size()]}};
    if (Chance(60)) {
      variable["value"] = Chance(60) ? "old \"value\" $(OWN)" : "";
    } else if (Chance(50)) {
      variable["valueFrom"] = {{"fieldRef", {{"fieldPath", "metadata.name"}}}};
    }
    container["env"].push_back(variable);
    if (random_.OneIn(40)) container["env"].push_back(variable);  // the last of two counts
  }
}

void PodGenerator::AddVolumes(json& spec) {
  if (Chance(40)) spec["volumes"].push_back({{"name", "data"}, {"emptyDir", json::object()}});
  if (Chance(30)) {
    spec["volumes"].push_back({{"name", "kube-api-access-abcde"}});
    spec["volumes"].back()["projected"]["sources"].push_back(
        {{"serviceAccountToken", {{"path", "token"}}}});
  }
  if (random_.OneIn(30)) {
    spec["volumes"].push_back({{"name", "log-saver--state"}, {"emptyDir", json::object()}});
  }
}

void PodGenerator::AddMounts(json& spec, json& container) {
  constexpr std::array<const char*, 7> kPaths = {
      "/data", "/var/log/app", "/var/log", "/data/", "/var/log/app/deep", "/elsewhere", "/a~1/b"};
  if (!spec.contains("volumes")) return;
  std::string taken;
  for (const json& volume : spec["volumes"]) {
    const std::string name = volume["name"];
    json mount = {{"name", name}, {"mountPath", kTokenPath}};
    if (name.starts_with("kube-api-access-")) {
      mount["readOnly"] = true;
    } else if (Chance(60)) {
      mount["mountPath"] = random_.OneOf(kPaths);
      if (mount["mountPath"] == taken && !random_.OneIn(10)) continue;
      taken = mount["mountPath"];
      if (Chance(20)) mount["subPath"] = "sub";
      if (Chance(10) && !mount.contains("subPath")) mount["subPathExpr"] = "$(OWN)";
    } else {
      continue;
    }
    container["volumeMounts"].push_back(mount);
  }
}

void PodGenerator::AddPodFields(json& spec) {
  if (Chance(15)) spec["restartPolicy"] = Chance(50) ? "Never" : "Always";
  if (Chance(20)) spec["terminationGracePeriodSeconds"] = Chance(50) ? 30 : 5;
  if (Chance(4)) spec["hostNetwork"] = true;
  if (Chance(20)) {
    constexpr std::array<const char*, 3> kHosts = {"own.example", "db.example", "redis"};
    json alias = {{"ip", Chance(60) ? "127.0.0.1" : "10.0.0.1"}};
    if (Chance(90)) alias["hostnames"].push_back(random_.OneOf(kHosts));
    if (Chance(30)) spec["hostAliases"].push_back({{"ip", "10.0.0.2"}});
    spec["hostAliases"].push_back(alias);
  }
  if (Chance(20)) spec["imagePullSecrets"].push_back({{"name", Chance(50) ? "registry" : "own"}});
  if (Chance(10)) spec["serviceAccountName"] = "default";
}

// What is rare, or what the API server refuses.
void PodGenerator::AddOddities(json& pod) {
  json& spec = pod["spec"];
  if (random_.OneIn(50)) spec["os"] = {{"name", "windows"}};
  if (random_.OneIn(40)) spec["notYetInvented"] = {{"deep", {1, 2.5, "x", nullptr}}};
  if (random_.OneIn(40)) spec["containers"][0]["futureField"] = {{"a", json::array()}};
  if (random_.OneIn(80)) spec["volumes"].push_back({{"name", "data"}});
  if (random_.OneIn(400)) {
    constexpr int kFirst = 23000;
    constexpr int kLast = 23999;
    for (int port = kFirst; port <= kLast; ++port) {
      spec["containers"][0]["ports"].push_back({{"containerPort", port}});
    }
  }
  if (random_.OneIn(400)) {
    constexpr std::size_t kBytes = 200000;
    pod["metadata"]["annotations"]["example.com/blob"] = std::string(kBytes, 'b');
    pod["metadata"]["annotations"]["patterns.remora.dev/sidecar"] = "big,agent";
  }
}

json PodGenerator::Annotations() {
  json annotations = json::object();
  AddLists(annotations);
  AddParameters(annotations);
  AddTargets(annotations);
  if (Chance(60)) annotations["patterns.remora.dev/on-error"] = Chance(92) ? "Admit" : "Deny";
  if (Chance(4)) annotations["patterns.remora.dev/bypass"] = "db";
  if (Asks(annotations, "redis") && Chance(25)) annotations["patterns.remora.dev/bypass"] = "redis";
  if (random_.OneIn(80)) annotations["patterns.remora.dev/sidcar"] = "x";
  if (random_.OneIn(80)) annotations["patterns.remora.dev/inject"] = "false";
  if (random_.OneIn(200)) annotations["kubernetes.io/config.mirror"] = "x";
  if (Chance(10)) annotations["prometheus.io/port"] = "9113";
  if (Chance(5)) annotations["sidecar.istio.io/status"] = R"({"containers":["app"]})";
  if (Chance(5)) annotations["kubectl.kubernetes.io/default-container"] = "cart";
  if (Chance(20)) annotations["example.com/note"] = "caf\u00e9 \"x\"";
  return annotations;
}

void PodGenerator::AddLists(json& annotations) {
  constexpr std::array<const char*, 15> kSidecars = {"log-saver",
                                                     "git-sync",
                                                     "tag",
                                                     "everywhere,backup",
                                                     "backup",
                                                     "nowhere",
                                                     "broken",
                                                     "other/private",
                                                     "agent",
                                                     "early,tag",
                                                     "agent,early",
                                                     "early",
                                                     "tag , everywhere",
                                                     "log-saver,agent",
                                                     "shop/auto"};
  constexpr std::array<const char*, 9> kAmbassadors = {"redis",     "remora-catalog/redis",
                                                       "db",        "login,redis",
                                                       "redis,db",  "sock",
                                                       "rediss",    "login",
                                                       "sock,login"};
  constexpr std::array<const char*, 6> kAdapters = {"exporter", "statsd", "exporter,statsd",
                                                    "x",        "tail",   "statsd,tail"};
  if (Chance(60)) annotations["patterns.remora.dev/sidecar"] = random_.OneOf(kSidecars);
  if (Chance(50)) annotations["patterns.remora.dev/ambassador"] = random_.OneOf(kAmbassadors);
  if (Chance(40)) annotations["patterns.remora.dev/adapter"] = random_.OneOf(kAdapters);
  if (random_.OneIn(100)) annotations["patterns.remora.dev/adapter"] = "log-saver,log-saver";
}

void PodGenerator::AddParameters(json& annotations) {
  const std::string prefix = "params.patterns.remora.dev/";
  if (Asks(annotations, "git-sync") && Chance(85)) {
    annotations[prefix + "git-sync.repo"] = "https://git.example/x";
  }
  if (Asks(annotations, "log-saver") && Chance(30)) {
    annotations[prefix + "log-saver.dir"] = Chance(80) ? "/data" : "bad;value";
  }
  if (Asks(annotations, "redis") && !Asks(annotations, "rediss") && Chance(15)) {
    annotations[prefix + "redis.wait"] = Chance(30) ? "x" : "7";
  }
  if (Asks(annotations, "agent") && Chance(20)) annotations[prefix + "agent.opts"] = "-x";
}

void PodGenerator::AddTargets(json& annotations) {
  constexpr std::array<const char*, 5> kTargets = {"web", "app", "web,app", "cart", "migrate,web"};
  constexpr std::array<const char*, 6> kPatterns = {"log-saver", "agent",  "login",
                                                    "exporter",  "statsd", "db"};
  for (const char* pattern : kPatterns) {
    if (!Asks(annotations, pattern) || !Chance(8)) continue;
    annotations[std::string("target.patterns.remora.dev/") + pattern] = random_.OneOf(kTargets);
  }
}

}  // namespace remora::testing
