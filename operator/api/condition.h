// FindCondition: a condition of an object's status, as metav1.Condition has it.
//
// Lenient: anybody may write a status. What is not of its type reads as empty, or 0.
// Thread-safety: pure function. Errors: none.
//
// Example
//   const auto accepted = FindCondition(object.value("status", json()), "Accepted");
//   if (accepted && accepted->IsOf("False", generation)) Say(accepted->message);
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace remora::api {

struct Condition {
  std::string status;  // "True", "False" or "Unknown"
  std::string reason;
  std::string message;
  std::string since;  // RFC 3339
  std::int64_t observed_generation = 0;

  // Whether it says that of this generation.
  bool IsOf(std::string_view wanted, std::int64_t generation) const {
    return status == wanted && observed_generation == generation;
  }
};

// The first of that type; nothing where there is none.
std::optional<Condition> FindCondition(const nlohmann::json& status, std::string_view type);

}  // namespace remora::api
