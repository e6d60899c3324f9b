#include <string>

#include "tests/property/pattern_generator.h"

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
  "imagePullSecrets":[{"name":"registry"}],"podLabels":{"team":"logs"},
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
  "placement":{"after":["migrate"]},"container":{"image":"agent"}})j";
constexpr const char* kShared = R"j({"share":[{"name":"d","path":"/d","targetPath":"/data",
  "volumeName":"data","access":"Both"}],"container":{"image":"backup",
  "volumeMounts":[{"name":"data","mountPath":"/all"}]}})j";
constexpr const char* kAgent = R"j({"role":"Populate","parameters":[{"name":"opts","type":"string",
    "default":"-javaagent:/agent/a.jar"}],
  "share":[{"name":"agent","path":"/to","targetPath":"/agent"}],
  "env":[{"name":"OWN","value":"$(params.opts)","operation":"Append"},
         {"name":"REDIS_URL","value":"first","operation":"Prepend","separator":":"}],
  "initContainers":[{"name":"copy","image":"agent","command":["cp","-r","/a","/to"]}],
  "podAnnotations":{"example.com/agent":"$(params.opts)"}})j";
constexpr const char* kEarly = R"j({"placement":{"position":"BeforeInit","before":["migrate"],
  "after":["istio-init","redis"]},"target":{"initContainers":true},
  "env":[{"name":"REGION","value":"early"}],
  "initContainers":[{"name":"prepare","image":"x"}],"container":{"image":"x"}})j";
constexpr const char* kTag = R"j({"target":{"containers":"All"},
  "placement":{"after":["warm-up"],"before":["early"]},
  "container":{"image":"x","args":["$(target.name)"]}})j";
constexpr const char* kRedis = R"j({"parameters":[{"name":"upstream","type":"string",
    "default":"redis:6379"},{"name":"wait","type":"integer","default":"5"}],
  "endpoints":[{"name":"redis","upstream":"$(params.upstream)","env":{"host":"REDIS_HOST",
    "port":"REDIS_PORT","url":{"name":"REDIS_URL","value":"redis://$(endpoints.redis.address)"}}}],
  "files":[{"path":"/etc/a","content":"listen $(endpoints.redis.port)"},
           {"path":"/etc/b","content":"up $(endpoints.redis.upstream) $(params.wait)","mode":420}],
  "drainSeconds":5,"container":{"image":"proxy"}})j";
constexpr const char* kFixed = R"j({"onError":"Admit","waitSeconds":0,"endpoints":[
  {"name":"db","port":5432,"hostnames":["db.example","redis"],"env":{"port":"DB_PORT"}},
  {"name":"admin","protocol":"UDP"}],
  "container":{"image":"bouncer"}})j";
constexpr const char* kSocket = R"j({"onError":"Admit","endpoints":[
  {"name":"sock","protocol":"Unix","socketPath":"/run/proxy/s.sock",
   "env":{"url":{"name":"REDIS_URL","value":"unix://$(endpoints.sock.address)"}}},
  {"name":"dns","protocol":"UDP","port":8053},{"name":"web","protocol":"HTTP"},
  {"name":"rpc","protocol":"GRPC","upstream":"db.example:5432"}],"container":{"image":"socket"}})j";
constexpr const char* kInbound = R"j({"direction":"Inbound","endpoints":[{"name":"login"}],
  "takeOver":{"portName":"http","endpoint":"login"},"onError":"Admit",
  "container":{"image":"login","args":["$(target.ports.http)"]}})j";
constexpr const char* kExporter = R"j({"allowedNamespaces":{"from":"All"},
  "metrics":{"port":9113,"annotate":true},
  "container":{"image":"exporter","args":["$(target.ports.http)","$(metrics.port)"]}})j";
constexpr const char* kStatsd = R"j({"target":{"containers":"Port","port":"http"},
  "metrics":{"annotate":true},"endpoints":[{"name":"in","env":{"port":"STATSD_PORT"}}],
  "container":{"image":"statsd"}})j";
constexpr const char* kTail = R"j({"selector":{"matchLabels":{"app":"web"}},
  "allowedNamespaces":{"from":"Selector","selector":{"matchLabels":{"team":"a"}}},
  "placement":{"mode":"Native","position":"BeforeInit"},
  "metrics":{"portName":"lines","path":"/lines"},"container":{"image":"tail"}})j";
constexpr const char* kAutomatic = R"j({"selector":{"matchExpressions":[{"key":"app",
  "operator":"Exists"}]},"container":{"image":"auto","args":["$(pod.labels['tier'])"]}})j";

}  // namespace

std::vector<json> PatternsByHand() {
  json big = json::parse(R"({"files":[{"path":"/big"}],"container":{"image":"big"}})");
  constexpr std::size_t kBytes = 60000;
  big["files"][0]["content"] = std::string(kBytes, 'x');
  return {Object("Sidecar", "remora-catalog", "log-saver", kLogSaver),
          Object("Sidecar", "shop", "git-sync", kPopulate),
          Object("Sidecar", "shop", "everywhere", kEverywhere),
          Object("Sidecar", "shop", "backup", kShared),
          Object("Sidecar", "shop", "agent", kAgent),
          Object("Sidecar", "shop", "early", kEarly),
          Object("Sidecar", "shop", "tag", kTag),
          Object("Sidecar", "shop", "auto", kAutomatic),
          Object("Sidecar", "shop", "big", big.dump().c_str()),
          Object("Ambassador", "shop", "redis", kRedis),
          Object("Ambassador", "remora-catalog", "redis", kRedis),
          Object("Ambassador", "shop", "db", kFixed),
          Object("Ambassador", "shop", "sock", kSocket),
          Object("Ambassador", "shop", "login", kInbound),
          Object("Adapter", "remora-catalog", "exporter", kExporter),
          Object("Adapter", "shop", "statsd", kStatsd),
          Object("Adapter", "remora-catalog", "tail", kTail),
          Object("Adapter", "remora-catalog", "log-saver", kTail),
          Object("Sidecar", "other", "private", R"({"container":{"image":"x"}})"),
          Object("Sidecar", "shop", "broken",
                 R"j({"container":{"image":"x","args":["$(params.x)"]}})j")};
}

}  // namespace remora::testing
