// Decoder: the visitor over the field table that reads JSON into a PatternSpec.
//
// Contract
//   - Keeps the first complaint and reads on; a complaint begins with the field's path.
//   - Refuses wrong types, unknown fields, missing ones, and what a row's rules do not allow. Rules
//     about several fields are in pattern_validation.h.
// Thread-safety: owner thread only. Errors: complaint().
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operator/api/field_rules.h"
#include "operator/api/pattern.h"
#include "operator/api/pattern_fields.h"

namespace remora::api {

using Spellings = std::vector<std::string_view>;

// The spellings of an enum, in the order of its values.
const Spellings& SpellingsOf(ParameterType);
const Spellings& SpellingsOf(TargetContainers);
const Spellings& SpellingsOf(ShareAccess);
const Spellings& SpellingsOf(OnConflict);
const Spellings& SpellingsOf(VariableOperation);
const Spellings& SpellingsOf(EndpointProtocol);
const Spellings& SpellingsOf(PlacementMode);
const Spellings& SpellingsOf(PlacementPosition);
const Spellings& SpellingsOf(ServiceAccountToken);
const Spellings& SpellingsOf(LabelOperator);
const Spellings& SpellingsOf(NamespacesFrom);
const Spellings& SpellingsOf(OnError);
const Spellings& SpellingsOf(Role);
const Spellings& SpellingsOf(Direction);

template <typename T>
inline constexpr bool kIsList = false;
template <typename T>
inline constexpr bool kIsList<std::vector<T>> = true;

class Decoder {
 public:
  void DecodeSpec(const nlohmann::json& spec, PatternKind kind, PatternSpec& out);
  const std::optional<std::string>& complaint() const { return complaint_; }

  // Called for each row of the field table, with the object to read in object_.
  template <typename T>
  void operator()(std::string_view name, T& member, const FieldRules& rules = {}) {
    known_.push_back(name);
    const auto found = object_->find(name);
    const bool present = found != object_->end() && !found->is_null();
    if (!present && rules.required) missing_.emplace_back(name, Expected(member, rules));
    if (present) ReadAt("." + std::string(name), *found, member, rules);
  }

 private:
  // The fields that were visited of one object.
  using Names = std::vector<std::string_view>;
  using Missing = std::vector<std::pair<std::string_view, std::string>>;

  template <typename T>
  void ReadAt(const std::string& step, const nlohmann::json& value, T& out,
              const FieldRules& rules) {
    const std::size_t length = path_.size();
    path_ += step;
    Read(value, out, rules);
    path_.resize(length);
  }

  void Read(const nlohmann::json& value, std::string& out, const FieldRules& rules);
  void Read(const nlohmann::json& value, bool& out, const FieldRules& rules);
  void Read(const nlohmann::json& value, std::int64_t& out, const FieldRules& rules);
  void Read(const nlohmann::json& value, IntOrString& out, const FieldRules& rules);
  void Read(const nlohmann::json& value, nlohmann::json& out, const FieldRules& rules);
  void Read(const nlohmann::json& value, OpenObject& out, const FieldRules& rules);
  void Read(const nlohmann::json& value, AnyValue& out, const FieldRules& rules);
  void Read(const nlohmann::json& value, std::map<std::string, std::string>& out,
            const FieldRules& rules);

  template <typename T>
  void Read(const nlohmann::json& value, std::optional<T>& out, const FieldRules& rules) {
    Read(value, out.emplace(), rules);
  }

  template <typename T>
  void Read(const nlohmann::json& value, std::vector<T>& out, const FieldRules& rules) {
    if (!value.is_array()) return Complain(Expected(out, rules), value);
    CheckCount(value, rules);
    const FieldRules item_rules = RulesOfItems(rules);
    for (std::size_t i = 0; i < value.size(); ++i) {
      ReadAt("[" + std::to_string(i) + "]", value[i], out.emplace_back(), item_rules);
    }
    CheckUnique(value, rules);
  }

  template <typename T>
  requires std::is_enum_v<T>
  void Read(const nlohmann::json& value, T& out, const FieldRules& rules) {
    if (!value.is_string()) return Complain(Expected(out, rules), value);
    out = static_cast<T>(ReadEnum(value.get_ref<const std::string&>(), SpellingsOf(T{})));
  }

  template <typename T>
  requires(std::is_class_v<T>&& requires(Decoder& d, T& t) {
    VisitFields(d, t);
  }) void Read(const nlohmann::json& value, T& out, const FieldRules& rules) {
    ReadObject(value, rules, [&] { VisitFields(*this, out); });
  }

  template <typename Visit>
  void ReadObject(const nlohmann::json& value, const FieldRules& rules, Visit visit) {
    if (!value.is_object()) return Complain("an object", value);
    const nlohmann::json* outer = std::exchange(object_, &value);
    Names outer_known = std::exchange(known_, {});
    Missing outer_missing = std::exchange(missing_, {});
    visit();
    if (!rules.open) ComplainOfUnknown(value);
    ComplainOfMissing();
    object_ = outer;
    known_ = std::move(outer_known);
    missing_ = std::move(outer_missing);
  }

  // "a string", "one of TCP": for complaints.
  template <typename T>
  static std::string Expected(const T& member, const FieldRules& rules) {
    if constexpr (std::is_enum_v<T>) {
      return OneOf(SpellingsOf(member));
    } else if constexpr (std::is_same_v<T, bool>) {
      return "true or false";
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
      return "an integer";
    } else if constexpr (std::is_same_v<T, std::string>) {
      return std::string(rules.format != nullptr ? rules.format->expectation : "a string");
    } else if constexpr (kIsList<T>) {
      return "a list";
    } else {
      return "an object";
    }
  }

  static std::string OneOf(const Spellings& spellings);
  static FieldRules RulesOfItems(const FieldRules& rules);
  std::size_t ReadEnum(const std::string& text, const Spellings& spellings);
  void CheckText(const std::string& text, const FieldRules& rules);
  void CheckCount(const nlohmann::json& list, const FieldRules& rules);
  void CheckUnique(const nlohmann::json& list, const FieldRules& rules);
  void ComplainOfUnknown(const nlohmann::json& value);
  void ComplainOfMissing();
  // `step` leads from the field that is being read to the one complained of.
  void ComplainOf(const std::string& step, const std::string& sentence);
  void Complain(const std::string& expected, const nlohmann::json& value);

  std::string path_;
  const nlohmann::json* object_ = nullptr;
  Names known_;
  Missing missing_;
  std::optional<std::string> complaint_;
};

}  // namespace remora::api
