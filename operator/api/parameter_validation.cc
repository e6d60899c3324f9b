// Parameters: which of their fields go together. What a value must look like is asked where values
// are read: when the pattern is compiled.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "operator/api/pattern_validation.h"

namespace remora::api {

namespace {

// Whether a number, a text or neither can be the minimum or maximum of that type.
bool SuitsType(const IntOrString& limit, ParameterType type) {
  switch (type) {
    case ParameterType::kInteger:
    case ParameterType::kPort: return limit.number.has_value();
    case ParameterType::kDuration: return !limit.number.has_value();
    case ParameterType::kQuantity: return true;
    case ParameterType::kString:
    case ParameterType::kBoolean: return false;
  }
  return false;
}

std::string_view ExpectedLimit(ParameterType type) {
  switch (type) {
    case ParameterType::kInteger:
    case ParameterType::kPort: return "expected a number such as 1, without quotes";
    case ParameterType::kDuration: return "expected a duration such as 10s";
    default: return "a string and a boolean have none; integer, port, quantity and duration do";
  }
}

std::optional<std::string> CheckLimits(const Parameter& parameter) {
  for (const auto& [name, limit] :
       {std::pair{".minimum", &parameter.minimum}, std::pair{".maximum", &parameter.maximum}}) {
    if (*limit && !SuitsType(**limit, parameter.type)) {
      return name + (": " + std::string(ExpectedLimit(parameter.type)));
    }
  }
  const auto& [minimum, maximum] = std::pair{parameter.minimum, parameter.maximum};
  if (minimum && maximum && minimum->number && maximum->number &&
      *minimum->number > *maximum->number) {
    return ".minimum: expected at most the maximum, " + maximum->text + ", not " + minimum->text;
  }
  return std::nullopt;
}

std::optional<std::string> CheckDefault(const Parameter& parameter, bool has_enum) {
  if (!parameter.default_value) return std::nullopt;
  if (parameter.required) {
    return ".default: a value that every Pod must give has no default: remove default, or "
           "required: true";
  }
  const auto& choices = parameter.enumeration;
  const std::string& value = *parameter.default_value;
  if (!has_enum || std::find(choices.begin(), choices.end(), value) != choices.end()) {
    return std::nullopt;
  }
  const std::string_view nearest = NearestName(value, {choices.begin(), choices.end()});
  return ".default: expected one of the enum, not " +
         nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
         (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?");
}

std::optional<std::string> CheckPattern(const Parameter& parameter, bool has_enum) {
  if (parameter.pattern.empty()) return std::nullopt;
  if (parameter.type != ParameterType::kString) {
    return ".pattern: a pattern is for type: string only; for numbers use minimum and maximum";
  }
  if (!parameter.default_value && !parameter.example && !has_enum) {
    return ".example: missing; a parameter with a pattern and without default and enum needs an "
           "example that matches, to check the spec without a Pod";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> ValidateParameters(const Pattern& pattern, const nlohmann::json& spec) {
  const auto& parameters = pattern.spec.parameters;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    // An empty enum is not an absent one: it has no value that fits.
    const nlohmann::json& given = spec.at("parameters").at(i);
    const bool has_enum = given.contains("enum") && !given.at("enum").is_null();
    auto complaint = CheckPattern(parameter, has_enum);
    if (!complaint) complaint = CheckDefault(parameter, has_enum);
    if (!complaint) complaint = CheckLimits(parameter);
    if (complaint) return "spec.parameters[" + std::to_string(i) + "]" + *complaint;
  }
  return std::nullopt;
}

}  // namespace remora::api
