#include "operator/api/pattern_decoder.h"

#include <algorithm>
#include <limits>

#include "operator/base/utf8.h"

namespace remora::api {

namespace {

constexpr std::size_t kLongestShown = 60;

// A value as shown in a complaint: on one line, not too long, and valid UTF-8.
std::string Shown(const nlohmann::json& value) {
  std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() <= kLongestShown) return text;
  std::size_t end = 0;
  while (end < kLongestShown) {
    end += std::max<std::size_t>(1, Utf8SequenceLength(std::string_view(text).substr(end)));
  }
  return text.substr(0, end) + "...";
}

// Code points, as the API server counts lengths.
std::size_t LengthOf(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;  // not a continuation byte
  }));
}

// Why a field of core/v1 does not exist in `container` or `initContainers`.
std::string_view WhyNotThere(std::string_view path, std::string_view field) {
  if (path.starts_with("spec.initContainers[")) {
    return field == "restartPolicy" ? "; an init container of a pattern runs to its end, the "
                                      "companion is spec.container"
                                    : "";
  }
  if (path != "spec.container") return {};
  if (field == "name") return "; the companion's name is that of the pattern";
  if (field == "restartPolicy") return "; Remora decides when the companion starts";
  return {};
}

// A key as it stands in a path: escaped and not too long, for it may be anything.
std::string ShownKey(const std::string& key) {
  const std::string text = Shown(key);
  return text.substr(1, text.size() - (text.ends_with('"') ? 2 : 1));
}

std::optional<std::int64_t> IntegerWithin(const FieldRules& rules, const nlohmann::json& value) {
  constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > kLargest) return std::nullopt;
  const auto number = value.get<std::int64_t>();
  if (number < rules.minimum || number > rules.maximum) return std::nullopt;
  return number;
}

std::string Range(const FieldRules& rules) {
  return "from " + std::to_string(rules.minimum) + " to " + std::to_string(rules.maximum);
}

// The API server drops a field that is null where the CRD names the field.
void EraseNulls(nlohmann::json& object) {
  if (!object.is_object()) return;
  for (auto item = object.begin(); item != object.end();) {
    item = item->is_null() ? object.erase(item) : std::next(item);
  }
}

// The names of the fields that a visit meets.
struct NameCollector {
  template <typename T>
  void operator()(std::string_view name, T& /*member*/, const FieldRules& /*rules*/ = {}) {
    names.push_back(name);
  }
  Spellings names;
};

// "; Ambassador and Adapter have it": where a field of the spec belongs to another kind.
std::string KindsWith(std::string_view field) {
  std::string kinds;
  int count = 0;
  for (const PatternKind kind :
       {PatternKind::kSidecar, PatternKind::kAmbassador, PatternKind::kAdapter}) {
    NameCollector collector;
    PatternSpec spec;
    VisitFields(collector, spec, kind);
    if (std::find(collector.names.begin(), collector.names.end(), field) == collector.names.end()) {
      continue;
    }
    if (count++ > 0) kinds += " and ";
    kinds += PatternKindName(kind);
  }
  return count == 0 ? "" : "; " + kinds + (count == 1 ? " has it" : " have it");
}

}  // namespace

const Spellings& SpellingsOf(ParameterType) {
  static const Spellings kAll = {"string", "integer", "boolean", "quantity", "duration", "port"};
  return kAll;
}
const Spellings& SpellingsOf(TargetContainers) {
  static const Spellings kAll = {"Default", "All", "Named", "Port"};
  return kAll;
}
const Spellings& SpellingsOf(ShareAccess) {
  static const Spellings kAll = {"TargetWrites", "CompanionWrites", "Both"};
  return kAll;
}
const Spellings& SpellingsOf(OnConflict) {
  static const Spellings kAll = {"Keep", "Override", "Fail"};
  return kAll;
}
const Spellings& SpellingsOf(VariableOperation) {
  static const Spellings kAll = {"Set", "Append", "Prepend"};
  return kAll;
}
const Spellings& SpellingsOf(EndpointProtocol) {
  static const Spellings kAll = {"TCP", "UDP", "HTTP", "GRPC", "Unix"};
  return kAll;
}
const Spellings& SpellingsOf(PlacementMode) {
  static const Spellings kAll = {"Native", "Regular"};
  return kAll;
}
const Spellings& SpellingsOf(PlacementPosition) {
  static const Spellings kAll = {"BeforeInit", "AfterInit"};
  return kAll;
}
const Spellings& SpellingsOf(ServiceAccountToken) {
  static const Spellings kAll = {"Inherit", "Hide"};
  return kAll;
}
const Spellings& SpellingsOf(LabelOperator) {
  static const Spellings kAll = {"In", "NotIn", "Exists", "DoesNotExist"};
  return kAll;
}
const Spellings& SpellingsOf(NamespacesFrom) {
  static const Spellings kAll = {"Same", "All", "Selector"};
  return kAll;
}
const Spellings& SpellingsOf(OnError) {
  static const Spellings kAll = {"Deny", "Admit"};
  return kAll;
}
const Spellings& SpellingsOf(Role) {
  static const Spellings kAll = {"Collect", "Populate"};
  return kAll;
}
const Spellings& SpellingsOf(Direction) {
  static const Spellings kAll = {"Outbound", "Inbound"};
  return kAll;
}

void Decoder::DecodeSpec(const nlohmann::json& spec, PatternKind kind, PatternSpec& out) {
  path_ = "spec";
  ReadObject(spec, {}, [&] { VisitFields(*this, out, kind); });
  EraseNulls(out.container);
  if (out.container.contains("lifecycle")) EraseNulls(out.container["lifecycle"]);
  for (nlohmann::json& volume : out.volumes) EraseNulls(volume);
  for (nlohmann::json& init : out.init_containers) EraseNulls(init);
  ContainerFields container;
  if (out.container.is_object()) ReadAt(".container", out.container, container, {});
  for (std::size_t i = 0; i < out.init_containers.size(); ++i) {
    InitContainerFields init;
    ReadAt(".initContainers[" + std::to_string(i) + "]", out.init_containers[i], init, {});
  }
  for (std::size_t i = 0; i < out.volumes.size(); ++i) {
    VolumeFields volume;
    ReadAt(".volumes[" + std::to_string(i) + "]", out.volumes[i], volume, {});
  }
}

void Decoder::Read(const nlohmann::json& value, std::string& out, const FieldRules& rules) {
  if (!value.is_string()) return Complain("a string", value);
  out = value.get<std::string>();
  CheckText(out, rules);
}

void Decoder::Read(const nlohmann::json& value, bool& out, const FieldRules& rules) {
  if (!value.is_boolean()) return Complain(Expected(out, rules), value);
  out = value.get<bool>();
}

void Decoder::Read(const nlohmann::json& value, std::int64_t& out, const FieldRules& rules) {
  const auto number = IntegerWithin(rules, value);
  if (number) {
    out = *number;
  } else {
    Complain(value.is_number_integer() ? "an integer " + Range(rules) : "an integer", value);
  }
}

void Decoder::Read(const nlohmann::json& value, IntOrString& out, const FieldRules& rules) {
  if (value.is_string()) return Read(value, out.text, rules);
  out.number = IntegerWithin(rules, value);
  if (!out.number) return Complain(std::string(rules.format->expectation), value);
  out.text = std::to_string(*out.number);
}

void Decoder::Read(const nlohmann::json& value, nlohmann::json& out, const FieldRules& /*rules*/) {
  if (!value.is_object()) return Complain("an object", value);
  out = value;
}

void Decoder::Read(const nlohmann::json& value, OpenObject& /*out*/, const FieldRules& /*rules*/) {
  if (!value.is_object()) Complain("an object", value);
}

void Decoder::Read(const nlohmann::json& /*value*/, AnyValue& /*out*/,
                   const FieldRules& /*rules*/) {}

void Decoder::Read(const nlohmann::json& value, std::map<std::string, std::string>& out,
                   const FieldRules& rules) {
  if (!value.is_object()) return Complain("an object", value);
  CheckCount(value, rules);
  const FieldRules item_rules = RulesOfItems(rules);
  for (const auto& item : value.items()) {
    if (item.value().is_null()) continue;
    ReadAt("." + ShownKey(item.key()), item.value(), out[item.key()], item_rules);
  }
}

FieldRules Decoder::RulesOfItems(const FieldRules& rules) {
  return {.min_length = rules.min_length, .max_length = rules.max_length, .format = rules.format};
}

std::string Decoder::OneOf(const Spellings& spellings) {
  std::string text = spellings.size() == 1 ? "" : "one of ";
  for (std::size_t i = 0; i < spellings.size(); ++i) {
    text.append(i == 0 ? "" : ", ").append(spellings[i]);
  }
  return text;
}

std::size_t Decoder::ReadEnum(const std::string& text, const Spellings& spellings) {
  const auto found = std::find(spellings.begin(), spellings.end(), text);
  if (found != spellings.end()) return static_cast<std::size_t>(found - spellings.begin());
  const std::string_view nearest = NearestName(text, spellings);
  ComplainOf("", "expected " + OneOf(spellings) + ", not " + Shown(text) +
                     (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?"));
  return 0;
}

void Decoder::CheckText(const std::string& text, const FieldRules& rules) {
  const std::size_t length = LengthOf(text);
  if (length > rules.max_length) {
    return ComplainOf("", "expected at most " + std::to_string(rules.max_length) +
                              " characters, not " + std::to_string(length));
  }
  if (length < rules.min_length) {
    return ComplainOf("", "expected at least " + std::to_string(rules.min_length) +
                              (rules.min_length == 1 ? " character" : " characters"));
  }
  if (rules.format != nullptr && !rules.format->fits(text)) {
    Complain(std::string(rules.format->expectation), text);
  }
}

void Decoder::CheckCount(const nlohmann::json& list, const FieldRules& rules) {
  if (list.size() > rules.max_items) {
    ComplainOf("", "expected at most " + std::to_string(rules.max_items) + " items, not " +
                       std::to_string(list.size()));
  } else if (list.size() < rules.min_items) {
    ComplainOf("", "expected at least " + std::to_string(rules.min_items) +
                       (rules.min_items == 1 ? " item" : " items"));
  }
}

void Decoder::CheckUnique(const nlohmann::json& list, const FieldRules& rules) {
  if (rules.unique_by.empty() || complaint_) return;
  const bool whole = rules.unique_by == FieldRules::kWholeItem;
  const std::string field = whole ? "" : "." + std::string(rules.unique_by);
  std::map<std::string, std::size_t> first;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const nlohmann::json key = whole ? list[i] : list[i].value(rules.unique_by, nlohmann::json());
    if (!key.is_string()) continue;  // complained of elsewhere
    const auto [entry, is_new] = first.emplace(key.get<std::string>(), i);
    if (is_new) continue;
    return ComplainOf("[" + std::to_string(i) + "]" + field,
                      Shown(key) + " stands there twice; " + path_ + "[" +
                          std::to_string(entry->second) + "]" + field + " is the first");
  }
}

void Decoder::ComplainOfUnknown(const nlohmann::json& value) {
  for (const auto& item : value.items()) {
    if (std::find(known_.begin(), known_.end(), item.key()) != known_.end()) continue;
    std::string hint(WhyNotThere(path_, item.key()));
    if (hint.empty() && path_ == "spec") hint = KindsWith(item.key());
    if (hint.empty()) {
      const std::string_view nearest = NearestName(item.key(), known_);
      if (!nearest.empty()) hint = "; did you mean " + std::string(nearest) + "?";
    }
    return ComplainOf("." + ShownKey(item.key()), "unknown field" + hint);
  }
}

void Decoder::ComplainOfMissing() {
  for (const auto& [name, expected] : missing_) {
    ComplainOf("." + std::string(name), "missing; expected " + expected);
  }
}

void Decoder::ComplainOf(const std::string& step, const std::string& sentence) {
  if (!complaint_) complaint_ = path_ + step + ": " + sentence;
}

void Decoder::Complain(const std::string& expected, const nlohmann::json& value) {
  ComplainOf("", "expected " + expected + ", not " + Shown(value));
}

}  // namespace remora::api
