// FieldRules: what may stand in a field of a pattern, besides its type.
//
// Contract
//   - The rules of a row of pattern_fields.h say what the CRDs say of that field; a test compares
//     the two, and another feeds both the same patterns.
//   - Lengths are counted in code points, as the API server counts them.
// Thread-safety: immutable.
//
// Example
//   visit("name", share.name, {.required = true, .max_length = 21, .format =
//   &formats::kVolumeName});
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace remora::api {

// What a text must look like, where its length does not say it all.
struct TextFormat {
  bool (*fits)(std::string_view text);
  std::string_view expectation;  // "a port name such as http"
};

struct FieldRules {
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  bool required = false;
  // Of a text, or of each text in a list or map.
  std::size_t min_length = 0;
  std::size_t max_length = kNoLimit;
  const TextFormat* format = nullptr;
  // Of a list or map.
  std::size_t min_items = 0;
  std::size_t max_items = kNoLimit;
  // Of a number.
  std::int64_t minimum = std::numeric_limits<std::int64_t>::min();
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
  // Of a list: the field in which its items must differ; kWholeItem: the items themselves.
  std::string_view unique_by = {};
  // Of an object: keeps fields that it does not name.
  bool open = false;

  static constexpr std::string_view kWholeItem = ".";
};

// Where a reference may stand, the format says so and fits it.
namespace formats {
extern const TextFormat kParameterName;
extern const TextFormat kLimitText;
extern const TextFormat kContainerName;
extern const TextFormat kTargetPort;
extern const TextFormat kVolumeName;
extern const TextFormat kMountPath;
extern const TextFormat kMedium;
extern const TextFormat kSizeLimit;
extern const TextFormat kSubPath;
extern const TextFormat kPodVolumeName;
extern const TextFormat kFilePath;
extern const TextFormat kVariableName;
extern const TextFormat kEndpointName;
extern const TextFormat kPort;
extern const TextFormat kUpstream;
extern const TextFormat kSocketPath;
extern const TextFormat kHostname;
extern const TextFormat kTakenPortName;
extern const TextFormat kSecretName;
extern const TextFormat kReasonName;
extern const TextFormat kRevision;
extern const TextFormat kMetricsPath;
extern const TextFormat kPortName;
extern const TextFormat kImage;
extern const TextFormat kImagePullPolicy;
extern const TextFormat kTerminationMessagePolicy;

}  // namespace formats
}  // namespace remora::api
