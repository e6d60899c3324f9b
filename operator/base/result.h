// Result<T>: a value, or an Error that says what failed and what the caller may do next.
//
// Contract
//   - Exactly one of value and error is present. Reading the wrong one is a broken invariant and
//     ends the process.
//   - An ErrorCode is named by what the caller may do, not by where it arose.
// Thread-safety: a value type; share it like an int.
// Errors: none of its own.
//
// Example
//   Result<int> ParsePort(std::string_view text);
//   auto port = ParsePort("8080");
//   if (!port.ok()) return std::move(port).error().WithContext("--port");
//   Listen(*port);
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace remora {

enum class ErrorCode {
  kInvalid,           // the input is wrong: change it, do not retry
  kNotFound,          // there is no such object
  kAlreadyExists,     // read it and go on
  kConflict,          // read again, then retry
  kGone,              // the version asked for is compacted: list again
  kPermissionDenied,  // grant the right, then retry
  kUnavailable,       // retry later, with back-off
  kDeadlineExceeded,  // it took too long; it may have happened
  kCancelled,         // the caller asked for it to stop
  kInternal,          // our own fault
};

std::string_view ErrorCodeName(ErrorCode code);

class Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same error with `context: ` in front of its message.
  [[nodiscard]] Error WithContext(std::string_view context) const {
    return Error(code_, std::string(context) + ": " + message_);
  }

 private:
  ErrorCode code_;
  std::string message_;
};

// Ends the process with one line. For broken invariants only; never for bad input.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

#define REMORA_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::remora::CheckFailed(__FILE__, __LINE__, #condition))

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }

  const T& value() const& { return Checked(); }
  T& value() & { return const_cast<T&>(Checked()); }
  T&& value() && { return std::move(const_cast<T&>(Checked())); }
  const T& operator*() const& { return Checked(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &Checked(); }
  T* operator->() { return &value(); }

  const Error& error() const {
    REMORA_CHECK(state_.index() == 1);
    return *std::get_if<1>(&state_);
  }

 private:
  const T& Checked() const {
    REMORA_CHECK(state_.index() == 0);
    return *std::get_if<0>(&state_);
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  const Error& error() const {
    REMORA_CHECK(state_.index() == 1);
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<std::monostate, Error> state_;
};

}  // namespace remora
