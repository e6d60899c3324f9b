// Parameters: is this text a value of that parameter?
//
// Contract
//   - A text is a value wherever it stands: as default, example or enum in a pattern and as
//     annotation
//     of a Pod. The shapes are those of the rules in crds/, so that the API server, the webhook and
//     the command line agree.
// Thread-safety: pure functions; RE2 objects are safe to share.
// Errors: Invalid, with the field.
//
// Example
//   auto parameter = CompileParameter(spec, "spec.parameters[0]");
//   if (auto complaint = CheckParameter(*parameter, "90s")) Refuse(*complaint);
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "operator/base/result.h"
#include "operator/injection/compiled_pattern.h"

namespace remora::injection {

// Reads pattern and limits, and checks default, example and enum. `spec` must outlive the result;
// `where` is its path, for the complaint.
Result<CompiledParameter> CompileParameter(const api::Parameter& spec, const std::string& where);

// Nothing when the value fits; else what was expected: `expected an integer of at least 1, not
// "x"`.
std::optional<std::string> CheckParameter(const CompiledParameter& parameter,
                                          std::string_view value);

// Whether values of that type are written without quotes where a reference stands alone.
bool IsLiteralType(api::ParameterType type);

// A Kubernetes quantity as a number: "500Mi", "1.5", "100m", "1e3".
std::optional<double> ParseQuantity(std::string_view text);
// A duration as Go reads it, in the one shape that the CRDs take: ([0-9]+([.][0-9]+)?UNIT)+ with
// the units ns, us, ms, s, m and h. No sign, no bare 0.
std::optional<std::chrono::duration<double>> ParseGoDuration(std::string_view text);

// `, not "VALUE"`, for the end of a complaint; a long value is cut.
std::string NotValue(std::string_view value);

}  // namespace remora::injection
