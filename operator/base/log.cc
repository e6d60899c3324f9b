#include "operator/base/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <cmath>
#include <iterator>
#include <memory>
#include <utility>

#include "operator/base/mutex.h"
#include "operator/base/utf8.h"

namespace remora {

namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 4> kLevelColumns = {"DEBUG", "INFO ", "WARN ", "ERROR"};

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::err;
}

// The process's one logger: made at the first line and never destroyed, since threads may log while
// the process ends.
struct Logger {
  Logger() {
    spdlog_logger.set_pattern("%v", spdlog::pattern_time_type::utc);
    spdlog_logger.flush_on(spdlog::level::debug);
  }

  spdlog::logger spdlog_logger{"remora", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
  std::atomic<LogFormat> format{LogFormat::kJson};
  Mutex mutex;
  std::function<void(std::string_view)> writer GUARDED_BY(mutex);
};

Logger& TheLogger() {
  static Logger* logger = new Logger();
  return *logger;
}

void AppendJsonString(fmt::memory_buffer& out, std::string_view text) {
  out.push_back('"');
  for (const char c : ReplaceInvalidUtf8(text)) {
    switch (c) {
      case '"': fmt::format_to(std::back_inserter(out), "\\\""); break;
      case '\\': fmt::format_to(std::back_inserter(out), "\\\\"); break;
      case '\n': fmt::format_to(std::back_inserter(out), "\\n"); break;
      case '\t': fmt::format_to(std::back_inserter(out), "\\t"); break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
}

struct JsonValueWriter {
  fmt::memory_buffer& out;
  void operator()(std::string_view text) const { AppendJsonString(out, text); }
  void operator()(std::int64_t value) const {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
  void operator()(bool value) const { fmt::format_to(std::back_inserter(out), "{}", value); }
  void operator()(double value) const {
    // JSON has no infinity and no NaN.
    if (std::isfinite(value)) {
      fmt::format_to(std::back_inserter(out), "{}", value);
    } else {
      AppendJsonString(out, fmt::format("{}", value));
    }
  }
};

struct TextValueWriter {
  fmt::memory_buffer& out;
  void operator()(std::string_view text) const {
    // Quoted only when it would be ambiguous: most values are names.
    const bool plain = !text.empty() && text.find_first_of(" \"\\=\n\t\r") == text.npos;
    if (plain && ReplaceInvalidUtf8(text) == text) {
      out.append(text);
    } else {
      AppendJsonString(out, text);
    }
  }
  template <typename Scalar>
  void operator()(Scalar value) const {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
};

std::string FormatTime(std::chrono::system_clock::time_point time, bool date) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(time - seconds).count();
  const auto calendar = fmt::gmtime(std::chrono::system_clock::to_time_t(seconds));
  return date ? fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", calendar, milliseconds)
              : fmt::format("{:%H:%M:%S}.{:03}", calendar, milliseconds);
}

}  // namespace

std::optional<LogLevel> ParseLogLevel(std::string_view text) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (text == kLevelNames[i]) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

std::optional<LogFormat> ParseLogFormat(std::string_view text) {
  if (text == "json") return LogFormat::kJson;
  if (text == "text") return LogFormat::kText;
  return std::nullopt;
}

void ConfigureLog(LogOptions options) {
  TheLogger().format = options.format;
  TheLogger().spdlog_logger.set_level(ToSpdlog(options.level));
}

void Log(LogLevel level, std::string_view message, LogFields fields) {
  Logger& logger = TheLogger();
  if (!logger.spdlog_logger.should_log(ToSpdlog(level))) return;
  const std::string line =
      FormatLogLine(logger.format, {std::chrono::system_clock::now(), level, message, fields});
  std::function<void(std::string_view)> writer;
  {
    MutexLock lock(logger.mutex);
    writer = logger.writer;
  }
  if (writer) {
    writer(line);
  } else {
    logger.spdlog_logger.log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
  }
}

void FlushLog() { TheLogger().spdlog_logger.flush(); }

std::string FormatLogLine(LogFormat format, const LogRecord& record) {
  fmt::memory_buffer out;
  const auto index = static_cast<std::size_t>(record.level);
  if (format == LogFormat::kText) {
    fmt::format_to(std::back_inserter(out), "{} {} ", FormatTime(record.time, false),
                   kLevelColumns[index]);
    for (const char c : ReplaceInvalidUtf8(record.message)) {
      out.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
    }
    for (const LogField& field : record.fields) {
      fmt::format_to(std::back_inserter(out), " {}=", field.key);
      std::visit(TextValueWriter{out}, field.value.get());
    }
    return fmt::to_string(out);
  }
  fmt::format_to(std::back_inserter(out), R"({{"time":"{}","level":"{}","message":)",
                 FormatTime(record.time, true), kLevelNames[index]);
  AppendJsonString(out, record.message);
  for (const LogField& field : record.fields) {
    out.push_back(',');
    AppendJsonString(out, field.key);
    out.push_back(':');
    std::visit(JsonValueWriter{out}, field.value.get());
  }
  out.push_back('}');
  return fmt::to_string(out);
}

void RedirectLog(std::function<void(std::string_view line)> writer) {
  Logger& logger = TheLogger();
  MutexLock lock(logger.mutex);
  logger.writer.swap(writer);
}

}  // namespace remora
