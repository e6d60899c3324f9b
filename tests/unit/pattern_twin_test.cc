// The decoder and the compiler accept and refuse what the CRDs do: the same files are fed to a real
// API server by tests/e2e/crds_test.sh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "operator/cli/yaml_reader.h"
#include "operator/injection/compiled_pattern.h"
#include "operator/injection/pattern_index.h"

namespace remora::injection {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct PatternFile {
  std::string name;
  std::string text;
};

std::vector<PatternFile> FilesOf(const std::string& folder) {
  std::vector<PatternFile> files;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(REMORA_SOURCE_DIR) / "tests/golden" / folder)) {
    if (entry.path().extension() != ".yaml") continue;
    std::ifstream file(entry.path());
    files.push_back({entry.path().filename().string(),
                     {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}});
  }
  return files;
}

std::shared_ptr<const StoredPattern> Store(const PatternFile& file) {
  const auto parsed = cli::ReadYaml(file.text, {file.name, 1});
  if (!parsed.ok()) {
    ADD_FAILURE() << parsed.error().message();
    return nullptr;
  }
  return StoredPattern::FromObject(parsed->value);
}

// The PATH of a line `# field: PATH`.
std::string FieldOf(const PatternFile& file) {
  constexpr std::string_view kKey = "# field: ";
  const std::size_t start = file.text.find(kKey);
  if (start == std::string::npos) return "no field line";
  const std::size_t from = start + kKey.size();
  return file.text.substr(from, file.text.find('\n', from) - from);
}

TEST(PatternTwin, AcceptsEveryValidPattern) {
  const auto files = FilesOf("patterns/valid");
  ASSERT_GE(files.size(), 23U);
  for (const PatternFile& file : files) {
    const auto stored = Store(file);
    ASSERT_NE(stored, nullptr) << file.name;
    EXPECT_NE(stored->compiled, nullptr) << file.name << " is refused: " << stored->complaint;
    EXPECT_EQ(stored->complaint, "") << file.name;
  }
}

TEST(PatternTwin, AcceptsThePatternOfEveryExample) {
  auto files = FilesOf("examples");
  ASSERT_EQ(files.size(), 5U);
  for (PatternFile& file : files) {
    file.text.resize(file.text.find("\n---\n") + 1);  // the workload follows
    const auto stored = Store(file);
    ASSERT_NE(stored, nullptr) << file.name;
    EXPECT_NE(stored->compiled, nullptr) << file.name << " is refused: " << stored->complaint;
  }
}

TEST(PatternTwin, RefusesEveryInvalidPatternAtItsField) {
  const auto files = FilesOf("patterns/invalid");
  ASSERT_GE(files.size(), 276U);
  for (const PatternFile& file : files) {
    const auto stored = Store(file);
    ASSERT_NE(stored, nullptr) << file.name;
    EXPECT_EQ(stored->compiled, nullptr) << file.name << " is accepted";
    const std::string& complaint = stored->complaint;
    const std::string field = FieldOf(file);
    EXPECT_THAT(complaint, StartsWith(field)) << file.name;
    // The field itself or one below it, not one whose name only begins like it.
    ASSERT_GT(complaint.size(), field.size()) << file.name;
    EXPECT_THAT(std::string(":.["), HasSubstr(complaint.substr(field.size(), 1)))
        << file.name << ": " << complaint;
    EXPECT_THAT(complaint, HasSubstr(": ")) << file.name;
    EXPECT_THAT(complaint, Not(HasSubstr("\n"))) << file.name;
    EXPECT_LT(complaint.size(), 350U) << file.name << ": " << complaint;
  }
}

// --- single rules, with the exact sentence -----------------------------------------------------

json Object(std::string_view kind, const json& spec_patch) {
  json object = {{"apiVersion", "patterns.remora.dev/v1alpha1"},
                 {"kind", kind},
                 {"metadata", {{"name", "one"}, {"namespace", "shop"}}},
                 {"spec", {{"container", {{"image", "busybox:1.37"}}}}}};
  object["spec"].merge_patch(spec_patch);
  return object;
}

// Empty when the pattern is accepted.
std::string ComplaintOf(const json& object) {
  const auto stored = StoredPattern::FromObject(object);
  return stored == nullptr ? "no pattern" : stored->complaint;
}

struct Case {
  const char* reason;
  const char* kind;
  const char* spec;  // merged into a least pattern
  const char* want;  // empty: accepted
};

const Case kCases[] = {
    {"a misspelt field gets the nearest name", "Sidecar", R"j({"paramters": []})j",
     "spec.paramters: unknown field; did you mean parameters?"},
    {"a required field that is misspelt is not called missing", "Sidecar",
     R"j({"container": {"image": null, "imag": "busybox"}})j",
     "spec.container.imag: unknown field; did you mean image?"},
    {"a field of another kind", "Sidecar", R"j({"endpoints": []})j",
     "spec.endpoints: unknown field; Ambassador and Adapter have it"},
    {"a field of one other kind", "Adapter", R"j({"role": "Collect"})j",
     "spec.role: unknown field; Sidecar has it"},
    {"the companion has no name of its own", "Sidecar", R"j({"container": {"name": "x"}})j",
     "spec.container.name: unknown field; the companion's name is that of the pattern"},
    {"an enum in the other case", "Ambassador",
     R"j({"endpoints": [{"name": "redis", "protocol": "tcp"}]})j",
     "spec.endpoints[0].protocol: expected one of TCP, UDP, HTTP, GRPC, Unix, not \"tcp\"; did you "
     "mean TCP?"},
    {"an enum with a typing error", "Sidecar", R"j({"onError": "Adimt"})j",
     "spec.onError: expected one of Deny, Admit, not \"Adimt\"; did you mean Admit?"},
    {"an enum that is nothing like it", "Sidecar", R"j({"onError": "Ignore"})j",
     "spec.onError: expected one of Deny, Admit, not \"Ignore\""},
    {"a missing field says what it is", "Sidecar", R"j({"parameters": [{"name": "dir"}]})j",
     "spec.parameters[0].type: missing; expected one of string, integer, boolean, quantity, "
     "duration, port"},
    {"null is absent", "Sidecar", R"j({"parameters": [{"name": "dir", "type": null}]})j",
     "spec.parameters[0].type: missing; expected one of string, integer, boolean, quantity, "
     "duration, port"},
    {"null in a list is not absent", "Sidecar", R"j({"parameters": [null]})j",
     "spec.parameters[0]: expected an object, not null"},
    {"a null source is no source", "Adapter",
     R"j({"container": {"image": "a"}, "volumes": [{"name": "v", "emptyDir": {}, "nfs": null}]})j",
     ""},
    {"a wrong type", "Sidecar", R"j({"drainSeconds": "10s"})j",
     "spec.drainSeconds: expected an integer, not \"10s\""},
    {"a number out of range", "Sidecar", R"j({"drainSeconds": 3601})j",
     "spec.drainSeconds: expected an integer from 0 to 3600, not 3601"},
    {"a number beyond 63 bits does not wrap", "Sidecar",
     R"j({"drainSeconds": 18446744073709551616})j",
     "spec.drainSeconds: expected an integer, not 1.8446744073709552e+19"},
    {"a number of 64 bits does not wrap", "Sidecar", R"j({"drainSeconds": 18446744073709551615})j",
     "spec.drainSeconds: expected an integer from 0 to 3600, not 18446744073709551615"},
    {"a limit beyond 63 bits", "Sidecar",
     R"j({"parameters": [{"name": "a", "type": "integer", "maximum": 18446744073709551615}]})j",
     "spec.parameters[0].maximum: expected a value such as 1, 64Mi or 10s, not "
     "18446744073709551615"},
    {"a port as digits", "Ambassador", R"j({"endpoints": [{"name": "redis", "port": "6379"}]})j",
     "spec.endpoints[0].port: expected a number from 1 to 65535 or a reference such as "
     "$(params.port), not \"6379\""},
    {"the second of two names", "Ambassador", R"j({"endpoints": [{"name": "a"}, {"name": "a"}]})j",
     "spec.endpoints[1].name: \"a\" stands there twice; spec.endpoints[0].name is the first"},
    {"the second of two paths", "Sidecar",
     R"j({"share": [{"name": "a", "path": "/a", "targetPath": "/b"},
                     {"name": "b", "path": "/a", "targetPath": "/c"}]})j",
     "spec.share[1].path: /a is also that of spec.share[0].path; they must differ, for the "
     "companion cannot mount two volumes at one path"},
    {"a variable may hold the same host in two endpoints", "Ambassador",
     R"j({"endpoints": [{"name": "a", "env": {"host": "H"}},
                         {"name": "b", "env": {"host": "H"}}]})j",
     ""},
    {"two sources", "Sidecar", R"j({"volumes": [{"name": "v", "emptyDir": {}, "secret": {}}]})j",
     "spec.volumes[0]: expected exactly one source, such as emptyDir: {}, not emptyDir and "
     "secret"},
    {"waitSeconds with its default value is still there", "Ambassador",
     R"j({"direction": "Inbound", "waitSeconds": 60})j",
     "spec.waitSeconds: only an Outbound Ambassador is waited for: remove waitSeconds"},
    {"waitSeconds: 0 of an Inbound one, too", "Ambassador",
     R"j({"direction": "Inbound", "waitSeconds": 0})j",
     "spec.waitSeconds: only an Outbound Ambassador is waited for: remove waitSeconds"},
    {"an empty variable name is not an absent one", "Ambassador",
     R"j({"endpoints": [{"name": "a", "env": {"host": ""}}]})j",
     "spec.endpoints[0].env.host: expected the name of a variable, made of letters, digits and "
     "-._ and not beginning with a digit, such as REDIS_HOST, not \"\""},
    {"an empty enum admits no default", "Sidecar",
     R"j({"parameters": [{"name": "a", "type": "string", "enum": [], "default": "x"}]})j",
     "spec.parameters[0].default: expected one of the enum, not \"x\""},
    {"the nearest of an enum", "Sidecar",
     R"j({"parameters": [{"name": "a", "type": "string", "enum": ["info"], "default": "inof"}]})j",
     "spec.parameters[0].default: expected one of the enum, not \"inof\"; did you mean info?"},
    {"a value of another type, with the field below the CRD's", "Sidecar",
     R"j({"parameters": [{"name": "a", "type": "duration", "default": "60"}]})j",
     "spec.parameters[0].default: expected a duration such as 30s or 1m30s, not \"60\""},
    {"a limit that cannot be read", "Sidecar",
     R"j({"parameters": [{"name": "a", "type": "duration", "maximum": "5x"}]})j",
     "spec.parameters[0].maximum: expected a duration such as 30s or 1m30s, not \"5x\""},
    {"a default beyond the limit", "Sidecar",
     R"j({"parameters": [{"name": "a", "type": "quantity", "maximum": "1Gi", "default": "2Gi"}]})j",
     "spec.parameters[0].default: expected at most 1Gi, not \"2Gi\""},
    {"limits the wrong way round, in units", "Sidecar",
     R"j({"parameters": [{"name": "a", "type": "quantity", "minimum": "1Gi", "maximum": "1G"}]})j",
     "spec.parameters[0].minimum: expected at most the maximum, 1G, not \"1Gi\""},
    {"a regular expression that is none", "Sidecar",
     R"j({"parameters": [{"name": "a", "type": "string", "pattern": "(a", "default": "a"}]})j",
     "spec.parameters[0].pattern: expected a regular expression (RE2), not \"(a\": missing ): "
     "(a"},
    {"a reference that leads nowhere", "Sidecar",
     R"j({"parameters": [{"name": "dir", "type": "string"}],
           "env": [{"name": "A", "value": "$(params.dri)"}]})j",
     "spec.env[0].value: $(params.dri): no such parameter; did you mean dir?"},
    {"a reference in a URL that leads nowhere", "Ambassador",
     R"j({"endpoints": [{"name": "a", "env": {"url": {"name": "U", "value": "$(params.x)"}}}]})j",
     "spec.endpoints[0].env.url.value: $(params.x): no such parameter"},
    {"a variable whose name holds a reference that leads nowhere", "Ambassador",
     R"j({"endpoints": [{"name": "a", "env": {"host": "$(params.x)_HOST"}}]})j",
     "spec.endpoints[0].env.host: $(params.x): no such parameter"},
    {"a size of nothing", "Sidecar",
     R"j({"share": [{"name": "a", "path": "/a", "targetPath": "/b", "sizeLimit": "0Mi"}]})j",
     "spec.share[0].sizeLimit: expected a quantity above 0, such as 500Mi, or a reference such as "
     "$(params.size), not \"0Mi\""},
    {"a list that is a text", "Sidecar", R"j({"container": {"args": "-v"}})j",
     "spec.container.args: expected a list, not \"-v\""},
    {"a port that is another port of the pattern", "Adapter",
     R"j({"endpoints": [{"name": "a"}], "metrics": {"port": "$(endpoints.a.port)"}})j",
     "spec.metrics.port: expected a number or a parameter, not another port of this pattern"},
    {"neither container nor init containers", "Sidecar", R"j({"container": null})j",
     "spec.container: missing; it may be left out only where initContainers do the whole work"},
    {"an init container that should run on", "Sidecar",
     R"j({"initContainers": [{"name": "a", "image": "b", "restartPolicy": "Always"}]})j",
     "spec.initContainers[0].restartPolicy: unknown field; an init container of a pattern runs to "
     "its end, the companion is spec.container"},
    {"the port of a variable is that of one transport", "Ambassador",
     R"j({"endpoints": [{"name": "a", "port": 53, "protocol": "UDP"}, {"name": "b", "port": 53},
                        {"name": "c", "port": 53, "protocol": "UDP"}]})j",
     "spec.endpoints[2].port: 53/UDP is also that of spec.endpoints[0].port; they must differ, for "
     "the companion cannot listen twice on one port"},
    {"null hostnames of a socket are absent", "Ambassador",
     R"j({"endpoints": [{"name": "a", "protocol": "Unix", "socketPath": "/run/a/a.sock",
                        "hostnames": null, "port": null, "env": {"host": null}}]})j",
     ""},
    {"a socket's folder is a volume", "Ambassador",
     R"j({"endpoints": [{"name": "a", "protocol": "Unix", "socketPath": "/run/a/a.sock"}],
          "volumes": [{"name": "b", "emptyDir": {}}, {"name": "a", "emptyDir": {}}]})j",
     "spec.endpoints[0].name: a is also the name of spec.volumes[1]; they must differ, for the "
     "socket's folder becomes the volume PATTERN--NAME of the Pod"},
    {"a taken over endpoint that is not there", "Ambassador",
     R"j({"direction": "Inbound", "takeOver": {"portName": "http", "endpoint": "a"}})j",
     "spec.takeOver.endpoint: there is no endpoint a in spec.endpoints"},
    {"the second of two names of placement", "Sidecar",
     R"j({"placement": {"before": ["a", "b"], "after": ["c", "b"]}})j",
     "spec.placement.after[1]: b stands in placement.before too"},
    {"waitSeconds with a default that is not 0", "Ambassador",
     R"j({"placement": {"mode": "Regular"}})j",
     "spec.placement.mode: an Outbound Ambassador with mode: Regular starts beside the target and "
     "cannot be waited for: set waitSeconds: 0, or remove mode"},
    {"a reserved label", "Sidecar", R"j({"podLabels": {"app.kubernetes.io/name": "a"}})j",
     "spec.podLabels.app.kubernetes.io/name: a pattern may not set it: remove it"},
    {"a label's key that is not fit to be shown", "Sidecar", R"j({"podLabels": {"a\nb": "a"}})j",
     "spec.podLabels: expected keys such as team or example.com/team, not \"a\\nb\""},
    {"a separator that is null is absent", "Sidecar",
     R"j({"env": [{"name": "A", "value": "b", "separator": null}]})j", ""},
    {"a reason in the other case", "Sidecar",
     R"j({"tests": [{"name": "a", "pod": {}, "want": {"reason": "portTaken"}}]})j",
     "spec.tests[0].want.reason: expected a reason such as Injected or PortTaken, not "
     "\"portTaken\""},
    {"a key that is not fit to be shown", "Sidecar", R"j({"a\nb": 1})j",
     "spec.a\\nb: unknown field"},
};

TEST(PatternTwin, SaysWhatIsWrongWhereAndWhatIsExpected) {
  for (const Case& c : kCases) {
    EXPECT_EQ(ComplaintOf(Object(c.kind, json::parse(c.spec))), c.want) << c.reason;
  }
}

TEST(PatternTwin, SaysWhatIsWrongBesideTheSpec) {
  json object = Object("Sidecar", json::object());
  object["sepc"] = json::object();
  EXPECT_EQ(ComplaintOf(object), "sepc: unknown field; did you mean spec?");
  object.erase("sepc");
  object["parameters"] = json::array();
  EXPECT_EQ(ComplaintOf(object),
            "parameters: unknown field; the fields of a pattern stand under spec");
  object.erase("parameters");
  object["status"] = json::object();
  EXPECT_EQ(ComplaintOf(object), "");
  object["apiVersion"] = "patterns.remora.dev/v1";
  EXPECT_EQ(ComplaintOf(object),
            "apiVersion: expected patterns.remora.dev/v1alpha1, not \"patterns.remora.dev/v1\"");
}

// As the API server drops them: they would reach Pods.
TEST(PatternTwin, DropsFieldsOfTheContainerThatAreNull) {
  json object = Object("Ambassador", json::object());
  object["spec"]["container"]["tty"] = nullptr;
  object["spec"]["container"]["lifecycle"] = {{"postStart", nullptr}};
  const auto stored = StoredPattern::FromObject(object);
  ASSERT_NE(stored->compiled, nullptr) << stored->complaint;
  const json want = {{"image", "busybox:1.37"}, {"lifecycle", json::object()}};
  EXPECT_EQ(stored->compiled->spec().container, want);
}

TEST(PatternTwin, CountsLengthsInCodePoints) {
  std::string text;
  for (int i = 0; i < 512; ++i) text += "\u00e9";
  EXPECT_EQ(ComplaintOf(Object("Sidecar", {{"description", text}})), "");
  EXPECT_EQ(ComplaintOf(Object("Sidecar", {{"description", text + "x"}})),
            "spec.description: expected at most 512 characters, not 513");
}

TEST(PatternTwin, CountsFilesInBytes) {
  const auto with_content = [](const std::string& content) {
    return ComplaintOf(Object("Sidecar", {{"files", {{{"path", "/a"}, {"content", content}}}}}));
  };
  EXPECT_EQ(with_content(std::string(65536, 'x')), "");
  EXPECT_EQ(with_content(std::string(65534, 'x') + "\u20ac"),
            "spec.files: expected at most 64 KiB of content in all files together, not 65537 "
            "bytes");
}

TEST(PatternTwin, CountsTestsInBytesOfJson) {
  const auto with_text = [](std::size_t size) {
    const json pod = {{"a", std::string(size, 'x')}};
    const json test = {{"name", "a"}, {"pod", pod}, {"want", {{"reason", "Injected"}}}};
    return ComplaintOf(Object("Sidecar", {{"tests", {test}}}));
  };
  const std::size_t rest =
      std::string(R"([{"name":"a","pod":{"a":""},"want":{"reason":"Injected"}}])").size();
  EXPECT_EQ(with_text(32768 - rest), "");
  EXPECT_EQ(with_text(32769 - rest),
            "spec.tests: expected at most 32 KiB of JSON in all tests together, not 32769 bytes");
}

TEST(PatternTwin, SeparatesAppendedValuesWithASpace) {
  const auto separator_of = [](const char* variable) {
    const auto stored = StoredPattern::FromObject(
        Object("Sidecar", {{"env", json::array({json::parse(variable)})}}));
    return stored->compiled == nullptr ? stored->complaint
                                       : stored->compiled->spec().env.at(0).separator;
  };
  EXPECT_EQ(separator_of(R"({"name": "A", "value": "b", "operation": "Append"})"), " ");
  EXPECT_EQ(separator_of(R"({"name": "A", "value": "b", "operation": "Append", "separator": ""})"),
            "");
}

TEST(PatternTwin, RefusesASpecThatIsTooLarge) {
  json spec;
  spec["container"]["args"] = json::array();
  for (int i = 0; i < 4; ++i) spec["container"]["args"].push_back(std::string(65000, 'x'));
  EXPECT_EQ(ComplaintOf(Object("Sidecar", spec)), "");
  spec["container"]["args"].push_back(std::string(3000, 'x'));
  EXPECT_THAT(ComplaintOf(Object("Sidecar", spec)),
              StartsWith("spec: expected at most 256 KiB of JSON, not 263"));
}

// `levels` objects, one in the other.
json Nested(int levels) {
  json value = 1;
  for (int i = 0; i < levels; ++i) {
    json outer = json::object();
    outer["a"] = std::move(value);
    value = std::move(outer);
  }
  return value;
}

TEST(PatternTwin, RefusesASpecThatIsTooDeep) {
  // spec, container and the nested ones.
  EXPECT_EQ(ComplaintOf(Object("Sidecar", {{"container", {{"resources", Nested(14)}}}})), "");
  const std::string complaint = "spec: expected objects and lists nested at most 16 deep";
  EXPECT_EQ(ComplaintOf(Object("Sidecar", {{"container", {{"resources", Nested(15)}}}})),
            complaint);
  EXPECT_EQ(ComplaintOf(Object("Sidecar", {{"container", {{"resources", Nested(1000)}}}})),
            complaint);
}

TEST(PatternTwin, RefusesMoreThan64ReferencesInOneString) {
  std::string text;
  for (int i = 0; i < 64; ++i) text += "$(pattern.name)";
  EXPECT_EQ(ComplaintOf(Object("Sidecar", {{"container", {{"args", {text}}}}})), "");
  EXPECT_EQ(ComplaintOf(Object("Sidecar", {{"container", {{"args", {text + "$(pattern.name)"}}}}})),
            "spec.container.args[0]: more than 64 references in one string");
}

}  // namespace
}  // namespace remora::injection
