// Pattern tests: what a pattern says of itself in `spec.tests`, run with the engine.
//
// Contract
//   - A test injects its Pod, which asks for the pattern, and looks at the reason that the pattern
//     gets and at the Pod that comes of it. `want.pod` is a part of that Pod: members of objects
//     that are not named do not matter; of lists with a merge key (containers, env, volumes by
//     name, mounts by path, ports by number and protocol, host aliases by ip) the members that are
//     not named do not matter either; every other list is compared whole.
//   - Pure, as the engine is; the same runner serves the webhook and the command line.
// Thread-safety: pure functions.
// Errors: ReadPatternTests(): Invalid, with the field. A test that fails is a sentence.
//
// Example
//   auto tests = ReadPatternTests(pattern_object);
//   for (const PatternTest& test : *tests)
//     if (auto failure = RunPatternTest(test, *index, environment)) Print(*failure);
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "operator/api/pattern.h"
#include "operator/base/result.h"
#include "operator/injection/injector.h"
#include "operator/injection/pattern_index.h"

namespace remora::injection {

struct PatternTest {
  api::PatternKind kind = api::PatternKind::kSidecar;  // of the pattern that is tested
  std::string namespace_name;
  std::string pattern;

  std::string name;
  nlohmann::json pod;  // without a namespace: the pattern's
  std::string want_reason = "Injected";
  nlohmann::json want_pod = nullptr;  // null: any
};

// Of an object of one of the three kinds; none where `spec.tests` is absent.
Result<std::vector<PatternTest>> ReadPatternTests(const nlohmann::json& pattern);

// Nothing where the test passes, else what came and what was wanted:
// `got PortTaken: port 80/TCP ...; want Injected`.
std::optional<std::string> RunPatternTest(const PatternTest& test, const PatternIndex& patterns,
                                          const Environment& environment);

// The first place at which `part` is not in `whole`: `spec.containers[web].image: got "a"; want
// "b"`.
std::optional<std::string> FindDifference(const nlohmann::json& whole, const nlohmann::json& part);

}  // namespace remora::injection
