// Decoder<T>: how a Store makes a value of an object.
//
// Contract
//   - Made from a function of the object, or of the object and the value of its version before (null:
//     none). A function that gives the latter back says that nothing which matters has changed.
// Thread-safety: called by one thread.
// Errors: those of the function; the object is out of service then.
//
// Example
//   Decoder<NamespaceFacts> decode([](const nlohmann::json& object) { return FactsOf(object); });
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <type_traits>
#include <utility>

#include "operator/base/result.h"

namespace remora::runtime {

template <typename T>
class Decoder {
 public:
  using Value = std::shared_ptr<const T>;

  template <typename Function>
  Decoder(Function function) {  // NOLINT(google-explicit-constructor): functions are decoders
    if constexpr (std::is_invocable_v<Function, const nlohmann::json&, const Value&>) {
      function_ = std::move(function);
    } else {
      function_ = [function = std::move(function)](const nlohmann::json& object, const Value&) {
        return function(object);
      };
    }
  }

  Result<Value> operator()(const nlohmann::json& object, const Value& before) const {
    return function_(object, before);
  }

 private:
  std::function<Result<Value>(const nlohmann::json& object, const Value& before)> function_;
};

}  // namespace remora::runtime
