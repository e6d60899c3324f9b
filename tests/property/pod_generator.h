// PodGenerator: random Pods that ask for the patterns of pattern_generator.h, from a seed.
//
// Contract
//   - The API server takes more than half of them: tests/e2e/valid_test.sh asks it.
// Thread-safety: owner thread only.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tests/property/random.h"

namespace remora::testing {

class PodGenerator {
 public:
  explicit PodGenerator(std::uint32_t seed) : random_(seed) {}

  // A Pod of namespace shop.
  nlohmann::json Next();

  Random& random() { return random_; }

 private:
  bool Chance(int percent) { return random_.Chance(percent); }
  nlohmann::json Container(const std::string& name, bool init);
  nlohmann::json Metadata();
  nlohmann::json Annotations();
  void AddLists(nlohmann::json& annotations);
  void AddParameters(nlohmann::json& annotations);
  void AddTargets(nlohmann::json& annotations);
  void AddInitContainers(nlohmann::json& spec);
  void AddVolumes(nlohmann::json& spec);
  void AddMounts(nlohmann::json& spec, nlohmann::json& container);
  void AddEnvironment(nlohmann::json& container);
  void AddPorts(nlohmann::json& container);
  void AddHandlers(nlohmann::json& container);
  void AddPodFields(nlohmann::json& spec);
  void AddOddities(nlohmann::json& pod);

  Random random_;
};

// What the API server certainly refuses, as far as a look at the Pod shows it: "volume twice". Empty
// where it shows nothing.
std::string LookAt(const nlohmann::json& pod);

}  // namespace remora::testing
