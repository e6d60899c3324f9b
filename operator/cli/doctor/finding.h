// Finding: one line of what `remora doctor` says: what is so, and, unless it is well, what mends it.
//
// Thread-safety: values.
//
// Example
//   findings.push_back(Problem("kinds", "there is no Sidecar", "helm upgrade ..."));
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace remora::cli::doctor {

enum class Level : std::uint8_t {
  kOk,
  kUnknown,  // whoever asks may not know
  kWarning,
  kProblem,
};

struct Finding {
  Level level;
  std::string check;     // what was looked at: "kind Sidecar"
  std::string sentence;  // without a full stop
  std::string remedy;    // a command, or what to do; empty where nothing is to be done
};

using Findings = std::vector<Finding>;

inline Finding Ok(std::string check, std::string sentence) {
  return {Level::kOk, std::move(check), std::move(sentence), ""};
}
inline Finding Unknown(std::string check, std::string sentence, std::string remedy) {
  return {Level::kUnknown, std::move(check), std::move(sentence), std::move(remedy)};
}
inline Finding Warning(std::string check, std::string sentence, std::string remedy) {
  return {Level::kWarning, std::move(check), std::move(sentence), std::move(remedy)};
}
inline Finding Problem(std::string check, std::string sentence, std::string remedy) {
  return {Level::kProblem, std::move(check), std::move(sentence), std::move(remedy)};
}

}  // namespace remora::cli::doctor
