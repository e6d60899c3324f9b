#include "operator/cli/flow_writer.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "operator/cli/yaml_scalar.h"

namespace remora::cli {

namespace {

using nlohmann::json;

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '/' || c == '-';
}

// Whether every reader takes it for a string without quotes, in brackets too.
bool IsWord(const std::string& text) {
  // Booleans of YAML 1.1 for readers other than kubectl.
  static constexpr std::array<std::string_view, 8> kOthers = {"y",   "Y",  "n",   "N",
                                                              "yes", "no", "off", "on"};
  const bool begins_well =
      !text.empty() && (text[0] == '/' || (IsWordCharacter(text[0]) && text[0] != '.' &&
                                           text[0] != '-' && (text[0] < '0' || text[0] > '9')));
  if (!begins_well || !std::all_of(text.begin(), text.end(), IsWordCharacter)) return false;
  if (std::find(kOthers.begin(), kOthers.end(), text) != kOthers.end()) return false;
  const auto value = ReadPlainScalar(text);
  return value.ok() && value->is_string();
}

class FlowWriter {
 public:
  explicit FlowWriter(const FlowOptions& options) : options_(options), margin_(options.margin) {}

  std::string Write(const json& value) && {
    Append(value);
    return std::move(out_);
  }

 private:
  void Append(const json& value) {
    if (value.is_object()) {
      Open('{');
      for (const auto& [key, member] : value.items()) {
        NextLine();
        AppendString(key);
        out_ += options_.style == FlowStyle::kCompact ? ":" : ": ";
        Append(member);
        Comma();
      }
      Close('}', value.empty());
    } else if (value.is_array()) {
      Open('[');
      for (const json& element : value) {
        NextLine();
        Append(element);
        Comma();
      }
      Close(']', value.empty());
    } else if (value.is_string()) {
      AppendString(value.get_ref<const std::string&>());
    } else {
      out_ += value.dump();
    }
  }

  void AppendString(const std::string& text) {
    if (options_.style == FlowStyle::kYaml && IsWord(text)) {
      out_ += text;
    } else {
      out_ += json(text).dump(-1, ' ', false, json::error_handler_t::replace);
    }
  }

  void Open(char bracket) {
    out_ += bracket;
    margin_ += options_.step;
  }

  void NextLine() {
    if (options_.style == FlowStyle::kPretty) out_.append(options_.line_feed).append(margin_);
  }

  void Comma() {
    out_ += ',';
    if (options_.style == FlowStyle::kYaml || options_.style == FlowStyle::kSpaced) out_ += ' ';
  }

  void Close(char bracket, bool empty) {
    margin_.resize(margin_.size() - options_.step.size());
    if (!empty) {
      out_.resize(out_.find_last_of(',') == out_.size() - 1 ? out_.size() - 1 : out_.size() - 2);
      NextLine();
    }
    out_ += bracket;
  }

  const FlowOptions& options_;
  std::string margin_;
  std::string out_;
};

}  // namespace

std::string WriteFlow(const json& value, const FlowOptions& options) {
  return FlowWriter(options).Write(value);
}

}  // namespace remora::cli
