// What the validation of a pattern's topics has in common: paths, presence, values that must differ.
//
// Thread-safety: pure functions.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "operator/api/pattern.h"

namespace remora::api {

using Complaint = std::optional<std::string>;

// "spec.share[1].path"
inline std::string At(std::string_view list, std::size_t index, std::string_view field = "") {
  return "spec." + std::string(list) + "[" + std::to_string(index) + "]" + std::string(field);
}

// As CEL's has(): a field that is null is absent.
inline bool Has(const nlohmann::json& object, std::string_view key) {
  if (!object.is_object()) return false;
  const auto found = object.find(key);
  return found != object.end() && !found->is_null();
}

// A field in which the items of a list must differ, and why.
struct Distinct {
  std::string_view list;
  std::string_view field;
  std::string_view reason;
};

// Complains of the second of two equal values. `value_of` gives an item's value, null for none.
template <typename Items, typename ValueOf>
Complaint CheckDiffer(const Items& items, const Distinct& distinct, ValueOf value_of) {
  const auto& [list, field, reason] = distinct;
  std::map<std::string, std::size_t> first;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::optional<std::string> value = value_of(items[i]);
    if (!value) continue;
    const auto [entry, is_new] = first.emplace(*value, i);
    if (is_new) continue;
    return At(list, i, field) + ": " + *value + " is also that of " +
           At(list, entry->second, field) + "; they must differ, for " + std::string(reason);
  }
  return std::nullopt;
}

// A value that is there, for CheckDiffer.
inline Complaint Given(const std::string& text) {
  return text.empty() ? std::nullopt : Complaint(text);
}

inline Complaint GivenNumber(const std::optional<IntOrString>& port) {
  return port && port->number ? Complaint(port->text) : std::nullopt;
}

}  // namespace remora::api
