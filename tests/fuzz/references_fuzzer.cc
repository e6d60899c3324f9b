// A text with references, as text and as JSON; behind the first NUL byte stands what one parameter
// is.
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "operator/injection/template.h"
#include "tests/fuzz/invariants.h"

namespace remora::testing {
namespace {

using injection::ReferenceTable;
using injection::Stage;
using injection::Template;
using injection::Value;
using nlohmann::json;

constexpr const char* kPattern = R"({"apiVersion":"patterns.remora.dev/v1alpha1",
  "kind":"Ambassador","metadata":{"name":"redis","namespace":"shop"},
  "spec":{"parameters":[{"name":"text","type":"string"},{"name":"number","type":"integer"}],
    "endpoints":[{"name":"redis","upstream":"real:6379"}],
    "share":[{"name":"logs","path":"/logs","targetPath":"/var/log"}],
    "container":{"image":"proxy"}}})";

std::string Render(const Template& compiled, const ReferenceTable& table, std::string_view value) {
  std::vector<Value> values;
  for (const injection::Reference& reference : table.references()) {
    const bool number = reference.text == "params.number";
    values.push_back(number ? Value{"7", true} : Value{value, false});
  }
  std::pmr::string out;
  compiled.AppendTo(values, out);
  return std::string(out);
}

void CheckText(const api::Pattern& pattern, std::string_view text, std::string_view value) {
  ReferenceTable table(pattern);
  const auto compiled = Template::FromText(text, table, Stage::kAll);
  if (!compiled.ok()) return;
  const std::string rendered = Render(*compiled, table, value);
  if (text.find("$(") == std::string_view::npos) {
    Demand(rendered == text, "a text without references was changed", text);
  }
  Demand(compiled->HasReferences() == !table.references().empty(), "a reference is lost", text);
}

// The same text where Kubernetes has a string, expands $(VAR), and has a number.
void CheckJson(const api::Pattern& pattern, const std::string& text, std::string_view value) {
  const json object = {{"image", text},
                       {"args", {text}},
                       {"livenessProbe", {{"httpGet", {{"port", text}, {"path", text}}}}}};
  ReferenceTable table(pattern);
  const auto compiled = Template::FromJson(object, table, "spec.container");
  if (!compiled.ok()) return;
  const std::string rendered = Render(*compiled, table, value);
  const json result = json::parse(rendered, nullptr, false);
  Demand(!result.is_discarded(), "a JSON template came out as no JSON", rendered);
  Demand(result.size() == object.size() && result["args"].size() == 1,
         "a value broke out of its string", rendered);
}

void Run(std::string_view input) {
  static const auto pattern = api::DecodePattern(json::parse(kPattern));
  Demand(pattern.ok(), "the fixed pattern is refused",
         pattern.ok() ? "" : pattern.error().message());
  // Strings as a JSON document has them: UTF-8.
  const std::string safe =
      json::parse(json(input).dump(-1, ' ', false, json::error_handler_t::replace))
          .get<std::string>();
  const std::size_t end = std::min(safe.find('\0'), safe.size());
  const std::string text = safe.substr(0, end);
  const std::string value = end < safe.size() ? safe.substr(end + 1) : "a\"b\\c$(d)\n";
  CheckText(*pattern, text, value);
  CheckJson(*pattern, text, value);
}

}  // namespace
}  // namespace remora::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  remora::testing::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
