#include "operator/cli/text_table.h"

#include <algorithm>
#include <chrono>

#include "operator/base/timestamp.h"

namespace remora::cli {

namespace {

constexpr std::size_t kBetween = 3;

std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace

void TextTable::Print(std::string_view indent, std::ostream& out) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  for (const auto& row : rows_) {
    std::string line(indent);
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - Width(row[i]) + kBetween, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
}

// The steps of kubectl's duration.HumanDuration().
std::string Age(const std::string& time, Clock::WallTimePoint now) {
  const auto then = ParseTime(time);
  if (!then) return "<unknown>";
  const auto passed = std::chrono::duration_cast<std::chrono::seconds>(now - *then).count();
  const auto seconds = std::max<std::int64_t>(passed, 0);
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = minutes / 60;
  const std::int64_t days = hours / 24;
  const auto both = [](std::int64_t large, const char* unit, std::int64_t rest,
                       const char* rest_unit) {
    return std::to_string(large) + unit + (rest == 0 ? "" : std::to_string(rest) + rest_unit);
  };
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (minutes < 10) return both(minutes, "m", seconds % 60, "s");
  if (hours < 3) return std::to_string(minutes) + "m";
  if (hours < 8) return both(hours, "h", minutes % 60, "m");
  if (hours < 48) return std::to_string(hours) + "h";
  if (days < 8) return both(days, "d", hours % 24, "h");
  if (days < 2 * 365) return std::to_string(days) + "d";
  if (days < 8 * 365) return both(days / 365, "y", days % 365, "d");
  return std::to_string(days / 365) + "y";
}

}  // namespace remora::cli
