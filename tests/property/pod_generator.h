// PodGenerator: random Pods and the patterns they ask for, from a seed.
//
// Thread-safety: owner thread only.
#pragma once

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

namespace remora::testing {

// The stored patterns of all cases: every field of the three kinds, in both namespaces.
std::vector<nlohmann::json> StoredPatterns();

class PodGenerator {
 public:
  explicit PodGenerator(std::uint32_t seed) : random_(seed) {}

  // A Pod of namespace shop.
  nlohmann::json Next();

  bool Chance(int percent) { return static_cast<int>(random_() % 100) < percent; }
  std::size_t Below(std::size_t limit) { return random_() % limit; }
  template <typename List>
  const auto& OneOf(const List& list) {
    return list[Below(std::size(list))];
  }

 private:
  nlohmann::json Container(const std::string& name);
  nlohmann::json Annotations();
  void AddMounts(nlohmann::json& pod, nlohmann::json& container);
  void AddEnvironment(nlohmann::json& container);
  void AddPorts(nlohmann::json& container);

  std::mt19937 random_;
};

}  // namespace remora::testing
