// ExpectedEntries: the entries of the webhook configurations that this version needs, as the chart
// makes them.
//
// A test compares them with hack/webhook-configuration.yaml.in, which another compares with the chart.
// Thread-safety: pure function. Errors: none.
#pragma once

#include <string_view>
#include <vector>

namespace remora::cli::doctor {

// The name of both configurations.
inline constexpr std::string_view kConfigurationName = "remora";
inline constexpr std::string_view kNamedEntry = "named.patterns.remora.dev";

struct ExpectedCondition {
  std::string_view name;
  std::string_view expression;  // white space does not count
};

struct ExpectedRule {
  std::string_view group;
  std::vector<std::string_view> operations;
  std::vector<std::string_view> resources;
};

struct ExpectedEntry {
  bool is_mutating;
  std::string_view name;
  std::string_view path;  // of the webhook
  std::vector<ExpectedRule> rules;
  std::vector<ExpectedCondition> conditions;
  // Whether failurePolicy is for the installer to choose; Ignore otherwise.
  bool may_fail;
};

const std::vector<ExpectedEntry>& ExpectedEntries();

}  // namespace remora::cli::doctor
