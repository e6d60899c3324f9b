#include "tests/property/pod_generator.h"

#include <array>

namespace remora::testing {

namespace {

using nlohmann::json;

json Object(const std::string& kind, const std::string& ns, const std::string& name,
            const char* spec) {
  return {{"apiVersion", "patterns.remora.dev/v1alpha1"},
          {"kind", kind},
          {"metadata", {{"name", name}, {"namespace", ns}}},
          {"spec", json::parse(spec)}};
}

constexpr const char* kLogSaver = R"j({"allowedNamespaces":{"from":"All"},
  "parameters":[{"name":"dir","type":"string","default":"/var/log/app"}],
  "share":[{"name":"logs","path":"/logs","targetPath":"$(params.dir)","sizeLimit":"1Mi"}],
  "volumes":[{"name":"state","emptyDir":{}}],"drainSeconds":10,
  "container":{"image":"saver","args":["$(target.name)"],
    "volumeMounts":[{"name":"state","mountPath":"/state"}]}})j";
constexpr const char* kPopulate = R"j({"role":"Populate",
  "parameters":[{"name":"repo","type":"string","required":true}],
  "share":[{"name":"content","path":"/git","targetPath":"/data","subPath":"site"}],
  "container":{"image":"git","args":["$(params.repo)"],"startupProbe":{"httpGet":{"port":1234}},
    "ports":[{"containerPort":1234}]}})j";
constexpr const char* kEverywhere = R"j({"target":{"containers":"All"},"onError":"Deny",
  "env":[{"name":"REGION","value":"$(pod.namespace)"},
         {"name":"REDIS_HOST","value":"everywhere","onConflict":"Override"},
         {"name":"NODE","onConflict":"Override","valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName"}}},
         {"name":"STRICT","value":"1","onConflict":"Fail"}],
  "container":{"image":"agent"}})j";
constexpr const char* kShared = R"j({"share":[{"name":"d","path":"/d","targetPath":"/data",
  "volumeName":"data","access":"Both"}],"container":{"image":"backup",
  "volumeMounts":[{"name":"data","mountPath":"/all"}]}})j";
constexpr const char* kRedis = R"j({"parameters":[{"name":"upstream","type":"string",
    "default":"redis:6379"},{"name":"wait","type":"integer","default":"5"}],
  "endpoints":[{"name":"redis","upstream":"$(params.upstream)","env":{"host":"REDIS_HOST",
    "port":"REDIS_PORT","url":{"name":"REDIS_URL","value":"redis://$(endpoints.redis.address)"}}}],
  "files":[{"path":"/etc/a","content":"listen $(endpoints.redis.port)"},
           {"path":"/etc/b","content":"up $(endpoints.redis.upstream) $(params.wait)","mode":420}],
  "drainSeconds":5,"container":{"image":"proxy"}})j";
constexpr const char* kFixed = R"j({"onError":"Admit","waitSeconds":0,"endpoints":[
  {"name":"db","port":5432,"env":{"port":"DB_PORT"}},{"name":"admin"}],
  "container":{"image":"bouncer","livenessProbe":{"tcpSocket":{"port":"$(endpoints.admin.port)"}}}})j";
constexpr const char* kInbound = R"j({"direction":"Inbound","endpoints":[{"name":"login"}],
  "container":{"image":"login","args":["$(target.ports.http)"]}})j";
constexpr const char* kExporter = R"j({"allowedNamespaces":{"from":"All"},
  "metrics":{"port":9113,"annotate":true},
  "container":{"image":"exporter","args":["$(target.ports.http)","$(metrics.port)"]}})j";
constexpr const char* kStatsd = R"j({"target":{"containers":"Port","port":"http"},
  "metrics":{"annotate":true},"endpoints":[{"name":"in","env":{"port":"STATSD_PORT"}}],
  "container":{"image":"statsd"}})j";

}  // namespace

std::vector<json> StoredPatterns() {
  return {Object("Sidecar", "remora-catalog", "log-saver", kLogSaver),
          Object("Sidecar", "shop", "git-sync", kPopulate),
          Object("Sidecar", "shop", "everywhere", kEverywhere),
          Object("Sidecar", "shop", "backup", kShared),
          Object("Ambassador", "shop", "redis", kRedis),
          Object("Ambassador", "remora-catalog", "redis", kRedis),
          Object("Ambassador", "shop", "db", kFixed),
          Object("Ambassador", "shop", "login", kInbound),
          Object("Adapter", "remora-catalog", "exporter", kExporter),
          Object("Adapter", "shop", "statsd", kStatsd),
          Object("Sidecar", "shop", "tag", R"j({"target":{"containers":"All"},
                 "container":{"image":"x","args":["$(target.name)"]}})j"),
          Object("Sidecar", "other", "private", R"({"container":{"image":"x"}})"),
          Object("Sidecar", "shop", "broken",
                 R"j({"container":{"image":"x","args":["$(params.x)"]}})j")};
}

json PodGenerator::Next() {
  json pod = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"namespace", "shop"}}}};
  json& metadata = pod["metadata"];
  metadata[Chance(50) ? "name" : "generateName"] = "web-";
  if (Chance(90)) metadata["annotations"] = Annotations();
  if (Chance(40)) metadata["labels"] = {{"app", "web"}};
  if (Chance(3)) metadata["labels"]["patterns.remora.dev/injected"] = "no";
  json& spec = pod["spec"];
  spec["containers"] = json::array();
  constexpr std::array<const char*, 6> kNames = {"web", "app", "istio-proxy", "cart", "redis", "x"};
  for (std::size_t i = 0, count = 1 + Below(3), first = Below(kNames.size()); i < count; ++i) {
    spec["containers"].push_back(Container(kNames[(first + i) % kNames.size()]));
  }
  if (Chance(40)) {
    constexpr std::array<const char*, 4> kInit = {"istio-init", "migrate", "warm-up", "log-saver"};
    for (std::size_t i = 0, count = 1 + Below(3); i < count; ++i) {
      spec["initContainers"].push_back(Container(kInit[i]));
    }
  }
  if (Chance(40)) spec["volumes"].push_back({{"name", "data"}, {"emptyDir", json::object()}});
  if (Chance(30)) {
    spec["volumes"].push_back({{"name", "kube-api-access-abcde"}, {"projected", json::object()}});
  }
  if (Chance(5))
    spec["volumes"].push_back({{"name", "log-saver--state"}, {"emptyDir", json::object()}});
  for (const char* list : {"containers", "initContainers"}) {
    if (!spec.contains(list)) continue;
    for (json& container : spec[list]) AddMounts(pod, container);
  }
  if (Chance(20)) spec["restartPolicy"] = Chance(50) ? "Never" : "Always";
  if (Chance(20)) spec["terminationGracePeriodSeconds"] = Chance(50) ? 30 : 5;
  if (Chance(5)) spec["hostNetwork"] = true;
  if (Chance(2)) spec["os"] = {{"name", "windows"}};
  if (Chance(20)) spec["notYetInvented"] = {{"deep", {1, 2.5, "x", nullptr}}};
  return pod;
}

json PodGenerator::Container(const std::string& name) {
  json container = {{"name", name}, {"image", "i:1"}};
  if (Chance(50)) AddPorts(container);
  if (Chance(50)) AddEnvironment(container);
  if (Chance(10)) container["livenessProbe"] = {{"httpGet", {{"port", Chance(50) ? 8080 : 23265}}}};
  if (Chance(20)) container["futureField"] = {{"a", json::array()}};
  if (Chance(10)) container["env"] = json::array();
  return container;
}

void PodGenerator::AddPorts(json& container) {
  constexpr std::array<int, 5> kPorts = {8080, 5432, 9113, 23265, 1234};
  json port = {{"containerPort", OneOf(kPorts)}};
  if (Chance(70)) port["name"] = "http";
  if (Chance(20)) port["protocol"] = Chance(50) ? "UDP" : "TCP";
  container["ports"].push_back(port);
}

void PodGenerator::AddEnvironment(json& container) {
  constexpr std::array<const char*, 7> kNames = {"REDIS_HOST", "REDIS_URL", "REGION", "NODE",
                                                 "STRICT",     "OWN",       "DB_PORT"};
  for (std::size_t i = 0, first = Below(kNames.size()), count = 1 + Below(4); i < count; ++i) {
    json variable = {{"name", kNames[(first + i) % kNames.size()]}};
    if (Chance(60)) {
      variable["value"] = Chance(50) ? "old \"value\" $(OWN)" : "";
    } else if (Chance(50)) {
      variable["valueFrom"] = {{"fieldRef", {{"fieldPath", "metadata.name"}}}};
    }
    container["env"].push_back(variable);
  }
}

void PodGenerator::AddMounts(json& pod, json& container) {
  constexpr std::array<const char*, 6> kPaths = {"/data",  "/var/log/app",      "/var/log",
                                                 "/data/", "/var/log/app/deep", "/elsewhere"};
  for (const json& volume : pod["spec"].value("volumes", json::array())) {
    const std::string name = volume["name"];
    if (name.starts_with("kube-api-access-")) {
      container["volumeMounts"].push_back(
          {{"name", name},
           {"mountPath", "/var/run/secrets/kubernetes.io/serviceaccount"},
           {"readOnly", true}});
    } else if (Chance(60)) {
      json mount = {{"name", name}, {"mountPath", OneOf(kPaths)}};
      if (Chance(30)) mount["subPath"] = "sub";
      container["volumeMounts"].push_back(mount);
    }
  }
}

json PodGenerator::Annotations() {
  constexpr std::array<const char*, 8> kSidecars = {
      "log-saver", "git-sync", "tag",    "everywhere,backup",
      "backup",    "nowhere",  "broken", "other/private"};
  constexpr std::array<const char*, 6> kAmbassadors = {
      "redis", "remora-catalog/redis", "db", "login,redis", "redis,db", "rediss"};
  constexpr std::array<const char*, 4> kAdapters = {"exporter", "statsd", "exporter,statsd", "x"};
  json annotations = json::object();
  if (Chance(60)) annotations["patterns.remora.dev/sidecar"] = OneOf(kSidecars);
  if (Chance(50)) annotations["patterns.remora.dev/ambassador"] = OneOf(kAmbassadors);
  if (Chance(40)) annotations["patterns.remora.dev/adapter"] = OneOf(kAdapters);
  if (Chance(50)) annotations["patterns.remora.dev/on-error"] = Chance(85) ? "Admit" : "Deny";
  const auto asks_for = [&](const char* key, const char* name) {
    return annotations.value(key, "").find(name) != std::string::npos;
  };
  if (asks_for("patterns.remora.dev/sidecar", "git-sync") && Chance(85)) {
    annotations["params.patterns.remora.dev/git-sync.repo"] = "https://git.example/x";
  }
  if (asks_for("patterns.remora.dev/sidecar", "log-saver") && Chance(30)) {
    annotations["params.patterns.remora.dev/log-saver.dir"] = Chance(80) ? "/data" : "bad;value";
  }
  if (asks_for("patterns.remora.dev/ambassador", "redis") && Chance(10)) {
    annotations["params.patterns.remora.dev/redis.wait"] = Chance(50) ? "x" : "7";
  }
  if (Chance(2)) annotations["patterns.remora.dev/sidcar"] = "x";
  if (Chance(2)) annotations["patterns.remora.dev/inject"] = "false";
  if (Chance(10)) annotations["prometheus.io/port"] = "9113";
  if (Chance(20)) annotations["example.com/note"] = "caf\u00e9 \"x\"";
  return annotations;
}

}  // namespace remora::testing
