#include "operator/base/timestamp.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace remora {

namespace {

using std::chrono::days;
using std::chrono::microseconds;
using std::chrono::seconds;
using std::chrono::sys_days;

std::string Format(Clock::WallTimePoint time, bool with_fraction) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const auto within = std::chrono::floor<microseconds>(time - day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<seconds>(within));
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (with_fraction) {
    text += fmt::format(".{:06}", (within - std::chrono::floor<seconds>(within)).count());
  }
  return text + "Z";
}

// The number of `digits` digits at `at`, or -1.
int Number(std::string_view text, std::size_t at, std::size_t digits) {
  if (text.size() < at + digits) return -1;
  int value = -1;
  const char* const end = text.data() + at + digits;
  const auto read = std::from_chars(text.data() + at, end, value);
  return read.ec == std::errc() && read.ptr == end && text[at] != '-' ? value : -1;
}

// ".123456" as microseconds; -1 when it is none.
long Fraction(std::string_view text) {
  constexpr std::size_t kDigits = 6;
  long value = 0;
  std::size_t digits = 0;
  for (const char c : text.substr(1)) {
    if (c < '0' || c > '9') return -1;
    if (digits++ < kDigits) value = value * 10 + (c - '0');
  }
  for (; digits < kDigits; ++digits) value *= 10;
  return text.size() > 1 ? value : -1;
}

}  // namespace

std::string FormatTime(Clock::WallTimePoint time) { return Format(time, false); }
std::string FormatMicroTime(Clock::WallTimePoint time) { return Format(time, true); }

std::optional<Clock::WallTimePoint> ParseTime(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00Z";
  if (text.size() < kShape.size() || text.back() != 'Z') return std::nullopt;
  for (const std::size_t at : {4U, 7U, 10U, 13U, 16U}) {
    if (text[at] != kShape[at]) return std::nullopt;
  }
  const int year = Number(text, 0, 4);
  const int month = Number(text, 5, 2);
  const int day = Number(text, 8, 2);
  const int hour = Number(text, 11, 2);
  const int minute = Number(text, 14, 2);
  const int second = Number(text, 17, 2);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  constexpr std::size_t kWhole = 19;
  const std::string_view rest = text.substr(kWhole, text.size() - kWhole - 1);
  long fraction = 0;
  if (!rest.empty()) {
    if (rest.front() != '.') return std::nullopt;
    fraction = Fraction(rest);
    if (fraction < 0) return std::nullopt;
  }
  return Clock::WallTimePoint(sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + seconds(second) + microseconds(fraction);
}

}  // namespace remora
