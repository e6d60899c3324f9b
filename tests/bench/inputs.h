// What the benchmarks are fed with: Pods of a given size, reviews of them, and stored patterns.
//
// Contract
//   - The patterns are those of tests/golden/examples; many patterns are renamed copies of them.
//   - A Pod is as the API server sends it: token mount, tolerations, managed fields. The same
//     arguments give the same bytes.
// Thread-safety: pure. Errors: the process ends; there is nothing to measure without inputs.
//
// Example
//   auto index = IndexOf(1000);
//   std::string pod = PodText(kSmallBytes, Asks::kOneOfEachKind);
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "operator/injection/pattern_index.h"

namespace remora::bench {

inline constexpr std::size_t kSmallBytes = std::size_t{8} * 1024;
inline constexpr std::size_t kLargeBytes = std::size_t{60} * 1024;
inline constexpr int kLargeVariables = 2000;

enum class Asks : std::uint8_t {
  kOneCompanion,   // log-saver
  kOneOfEachKind,  // log-saver, redis, nginx-exporter
};

// `count` patterns, beginning with those that Asks names; the others are renamed copies.
std::vector<nlohmann::json> Patterns(std::size_t count);
std::shared_ptr<const injection::PatternIndex> IndexOf(std::size_t count);

// Exactly so many bytes; from kLargeBytes on, the first container has kLargeVariables variables.
std::string PodText(std::size_t bytes, Asks asks);
// An AdmissionReview of exactly so many bytes.
std::string ReviewText(std::size_t bytes, Asks asks);

// The Pod after the patch.
std::string Patched(std::string_view pod, std::string_view patch);

}  // namespace remora::bench
