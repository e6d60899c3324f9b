// SamplePod: a Pod that asks for a pattern and has what the pattern refers to, so that a pattern
// can be rendered without a Pod of its user.
//
// Contract
//   - A parameter has its default, else the first of its enum, else its example, else a value that
//     its type and limits admit.
//   - Targets, their ports, labels and volumes that the pattern names are there.
// Thread-safety: pure function. Errors: none.
//
// Example
//   auto outcome = Inject(SamplePod(*stored->compiled), ...);
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "operator/injection/compiled_pattern.h"
#include "operator/injection/injector.h"
#include "operator/injection/pattern_index.h"

namespace remora::injection {

// `word` is the value of a parameter of type string that says nothing else about itself.
nlohmann::json SamplePod(const CompiledPattern& pattern, const std::string& word);

// Adds a pattern that compiles to such a Pod, alone: nothing, or why no Pod would get it.
std::optional<std::string> RenderSample(const std::shared_ptr<const StoredPattern>& pattern,
                                        const Environment& environment);

// A sample Pod with the pattern in it, for the API server to judge.
struct InjectedSample {
  nlohmann::json pod;
  // Whether strings stand in it for which the pattern names no sample: a complaint about them proves
  // nothing.
  bool has_made_up_words = false;
};

// Nothing where no sample value fits.
std::optional<InjectedSample> InjectSample(const std::shared_ptr<const StoredPattern>& pattern,
                                           const Environment& environment);

// Takes from a Pod all that asks for patterns, and the record: no webhook of ours is called for it.
// It gets a name that begins with `name`.
void StopAsking(nlohmann::json& pod, const std::string& name);

}  // namespace remora::injection
