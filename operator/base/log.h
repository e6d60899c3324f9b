// Log: what happened, as one line on stderr that a person or a program can read.
//
// Contract
//   - One call is one line, written whole: `{"time":…,"level":…,"message":…,"key":value…}`, or with
//     the text format `12:00:01.234 INFO  message key=value`.
//   - The message is a constant sentence; what varies goes into fields, so that lines can be
//     counted. Reserved keys: time, level, message.
//   - Bytes that are not UTF-8 become U+FFFD; a line never breaks and is always valid JSON.
//   - Log no secret: neither tokens nor the values of variables.
// Thread-safety: internally synchronised. Do not log under a lock.
// Errors: none; a line that cannot be written is lost.
//
// Example
//   Log(LogLevel::kInfo, "pattern changed", {{"kind", "Ambassador"}, {"name", name}, {"count",
//   3}});
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace remora {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kJson, kText };

// "debug", "info", "warning" or "error"; nothing for anything else.
std::optional<LogLevel> ParseLogLevel(std::string_view text);
// "json" or "text"; nothing for anything else.
std::optional<LogFormat> ParseLogFormat(std::string_view text);

// A string, a number or a truth value. Refers to the string: for arguments of Log() only.
class LogValue {
 public:
  LogValue(std::string_view text) : value_(text) {}                      // NOLINT: implicit
  LogValue(const std::string& text) : value_(std::string_view(text)) {}  // NOLINT: implicit
  LogValue(const char* text) : value_(std::string_view(text)) {}         // NOLINT: implicit
  LogValue(bool value) : value_(value) {}                                // NOLINT: implicit
  LogValue(double value) : value_(value) {}                              // NOLINT: implicit
  template <std::integral Integer>
  LogValue(Integer value) : value_(static_cast<std::int64_t>(value)) {}  // NOLINT: implicit
  LogValue(std::chrono::milliseconds value) : value_(value.count()) {}   // NOLINT: implicit

  const std::variant<std::string_view, std::int64_t, double, bool>& get() const { return value_; }

 private:
  std::variant<std::string_view, std::int64_t, double, bool> value_;
};

struct LogField {
  std::string_view key;
  LogValue value;
};
using LogFields = std::initializer_list<LogField>;

struct LogOptions {
  LogLevel level = LogLevel::kInfo;  // lines below it are dropped
  LogFormat format = LogFormat::kJson;
};

// Call once in main, before the first thread. Without it, the defaults above hold.
void ConfigureLog(LogOptions options);

void Log(LogLevel level, std::string_view message, LogFields fields = {});

// Call before _exit.
void FlushLog();

// What one call of Log() says. Refers to its arguments.
struct LogRecord {
  std::chrono::system_clock::time_point time;
  LogLevel level;
  std::string_view message;
  LogFields fields;
};

// Its line, without the newline.
std::string FormatLogLine(LogFormat format, const LogRecord& record);

// For tests: lines go to `writer` instead of stderr, until it is replaced by an empty function.
void RedirectLog(std::function<void(std::string_view line)> writer);

}  // namespace remora
