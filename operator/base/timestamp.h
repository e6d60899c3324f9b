// Timestamps as Kubernetes writes them: RFC 3339 in UTC.
//
// Thread-safety: pure functions.
//
// Example
//   FormatTime(clock.WallNow())       // 2026-01-01T00:00:00Z
//   FormatMicroTime(clock.WallNow())  // 2026-01-01T00:00:00.000000Z
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "operator/base/clock.h"

namespace remora {

// meta/v1 Time: whole seconds.
std::string FormatTime(Clock::WallTimePoint time);
// meta/v1 MicroTime: six digits after the second.
std::string FormatMicroTime(Clock::WallTimePoint time);
// Either of them; nothing when the text is neither.
std::optional<Clock::WallTimePoint> ParseTime(std::string_view text);

}  // namespace remora
