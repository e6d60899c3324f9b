// Engine: Inject() on a fixed index, with the laws that every answer must keep.
//
// Contract
//   - Ask() demands: the verdict fits patch and message; the patch is JSON; where the Pod is typed
//     (typed_pod.h) it applies; where the Pod is valid, injecting the result changes nothing.
// Thread-safety: owner thread only.
//
// Example
//   Engine engine(StoredIndex());
//   engine.Ask(pod);
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "operator/injection/injector.h"
#include "operator/injection/pattern_index.h"

namespace remora::testing {

// The patterns of tests/property, in namespaces shop and remora-catalog.
std::shared_ptr<const injection::PatternIndex> StoredIndex();

class Engine {
 public:
  explicit Engine(std::shared_ptr<const injection::PatternIndex> index)
      : index_(std::move(index)) {}

  // Returns the Pod as the API server has it afterwards; the Pod itself where it is denied.
  nlohmann::json Ask(const nlohmann::json& pod);

 private:
  injection::Outcome Inject(const nlohmann::json& pod);

  std::shared_ptr<const injection::PatternIndex> index_;
  injection::Environment environment_;
  injection::JsonDocument document_;
  injection::Workspace workspace_;
};

// The patch applied: demands that it is JSON and, where `pod` is typed, that it applies. Discarded
// where it does not.
nlohmann::json Applied(const nlohmann::json& pod, std::string_view patch);

// As JSON text, whatever bytes its strings hold.
std::string TextOf(const nlohmann::json& value);

}  // namespace remora::testing
