// GoldenCase: one folder of tests/golden/injection.
//
//   README            what it shows, with the numbers of the cases it covers
//   pod.json          the Pod as its user wrote it
//   patterns/*.yaml   the patterns that are stored
//   namespaces.yaml   optional: Namespaces, LimitRanges, ResourceQuotas
//   want.patch.json   the patch; [] for a Pod that comes out as it went in
//   want.denied.txt   instead of the patch: the sentence of the refusal
//   want.warnings.txt optional: one a line
//   want.explain.txt  the explanation
//
// REMORA_UPDATE_GOLDEN=1 writes what is wanted from what the library does; read the difference.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace remora::testing {

struct GoldenCase {
  std::filesystem::path folder;
  std::string name;
  nlohmann::json pod;
  std::string namespace_name;
  std::vector<nlohmann::json> patterns;
  std::vector<nlohmann::json> namespaces;

  static GoldenCase Load(const std::filesystem::path& folder);
};

// What one route made of a case.
struct Answer {
  std::string patch;  // "[]" without one; empty when denied
  std::string denied;
  std::string warnings;  // one a line

  bool operator==(const Answer&) const = default;
};

Answer ReadWanted(const std::filesystem::path& folder);
void WriteWanted(const std::filesystem::path& folder, const Answer& answer,
                 const std::string& explanation);

// A patch in the form in which it is kept: one operation a line.
std::string PrettyPatch(const std::string& patch);

}  // namespace remora::testing
