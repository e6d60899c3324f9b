#include "operator/injection/quantity.h"

#include <algorithm>
#include <array>
#include <limits>

namespace remora::injection {

namespace {

constexpr Int128 kMilli = 1000;
constexpr Int128 kMost = Int128{std::numeric_limits<std::int64_t>::max()} * kMilli;
constexpr int kFractionDigits = 15;  // those below only round up
constexpr int kMostExponent = 40;
constexpr std::size_t kLongest = 4096;  // digits that are looked at

// A suffix is base^power: a factor, or, below one, a divisor.
struct Suffix {
  std::string_view text;
  std::int64_t factor;
  std::int64_t divisor;
};

constexpr std::int64_t kThousand = 1000;
constexpr std::array<Suffix, 16> kSuffixes = {
    {{"", 1, 1},
     {"n", 1, kThousand* kThousand* kThousand},
     {"u", 1, kThousand* kThousand},
     {"m", 1, kThousand},
     {"k", kThousand, 1},
     {"M", kThousand* kThousand, 1},
     {"G", kThousand* kThousand* kThousand, 1},
     {"T", kThousand* kThousand* kThousand* kThousand, 1},
     {"P", kThousand* kThousand* kThousand* kThousand* kThousand, 1},
     {"E", kThousand* kThousand* kThousand* kThousand* kThousand* kThousand, 1},
     {"Ki", std::int64_t{1} << 10, 1},
     {"Mi", std::int64_t{1} << 20, 1},
     {"Gi", std::int64_t{1} << 30, 1},
     {"Ti", std::int64_t{1} << 40, 1},
     {"Pi", std::int64_t{1} << 50, 1},
     {"Ei", std::int64_t{1} << 60, 1}}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view TakeDigits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && IsDigit(text[count])) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

Int128 CeilingOf(Int128 number, Int128 divisor) { return (number + divisor - 1) / divisor; }

Int128 PowerOfTen(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// The digits on both sides of the point.
struct Decimal {
  std::string_view whole;
  std::string_view fraction;

  // The digit that counts 10^power.
  int DigitAt(int power) const {
    if (power >= 0) {
      const auto at = static_cast<std::size_t>(power);
      return at < whole.size() ? whole[whole.size() - 1 - at] - '0' : 0;
    }
    const auto at = static_cast<std::size_t>(-power - 1);
    return at < fraction.size() ? fraction[at] - '0' : 0;
  }
};

// Thousandths of the number times 10^`shift` times factor / divisor, rounded up. Nothing: above the
// cap.
std::optional<Int128> Scaled(const Decimal& decimal, int shift, const Suffix& suffix) {
  const int top = static_cast<int>(std::min(decimal.whole.size(), kLongest)) + shift;
  Int128 number = 0;
  for (int power = top - 1; power >= -kFractionDigits; --power) {
    number = number * 10 + decimal.DigitAt(power - shift);
    if (power >= 0 && number > kMost / kMilli / suffix.factor) return std::nullopt;
  }
  const int last = shift - static_cast<int>(std::min(decimal.fraction.size(), kLongest));
  bool more = false;
  for (int power = -kFractionDigits - 1; power >= last; --power) {
    more = more || decimal.DigitAt(power - shift) != 0;
  }
  return CeilingOf(number * suffix.factor * kMilli + (more ? 1 : 0),
                   PowerOfTen(kFractionDigits) * suffix.divisor);
}

void AppendNumber(Int128 number, std::pmr::string& out) {
  std::array<char, 40> digits;
  auto at = digits.end();
  do {
    *--at = static_cast<char>('0' + static_cast<int>(number % 10));
    number /= 10;
  } while (number > 0);
  out.append(at, digits.end());
}

}  // namespace

Quantity Quantity::Capped(Int128 milli) { return Quantity(std::min(milli, kMost)); }

std::optional<Quantity> Quantity::Parse(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  Decimal decimal;
  decimal.whole = TakeDigits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    decimal.fraction = TakeDigits(text);
  }
  while (decimal.whole.starts_with('0')) decimal.whole.remove_prefix(1);
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.text != text) continue;
    const auto milli = Scaled(decimal, 0, suffix);
    return milli ? Capped(*milli) : Quantity(kMost);
  }
  // e3, E3, e+3 or e-3
  if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
  text.remove_prefix(1);
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  const std::string_view digits = TakeDigits(text);
  if (digits.empty() || !text.empty()) return std::nullopt;
  int exponent = 0;
  for (const char digit : digits) {
    exponent = std::min(exponent * 10 + (digit - '0'), kMostExponent);
  }
  const auto milli = Scaled(decimal, is_negative ? -exponent : exponent, kSuffixes[0]);
  return milli ? Capped(*milli) : Quantity(kMost);
}

Quantity Quantity::Percent(std::int64_t percent, Quantity step) const {
  constexpr Int128 kHundred = 100;
  return Capped(CeilingOf(milli_ * percent, kHundred * step.milli_) * step.milli_);
}

void Quantity::AppendDecimal(std::pmr::string& out) const {
  constexpr std::string_view kNames = "kMGTPE";
  if (milli_ % kMilli != 0) {
    AppendNumber(milli_, out);
    out += 'm';
    return;
  }
  Int128 number = milli_ / kMilli;
  std::size_t power = 0;
  while (number != 0 && number % kMilli == 0 && power < kNames.size()) {
    number /= kMilli;
    ++power;
  }
  AppendNumber(number, out);
  if (power > 0) out += kNames[power - 1];
}

void Quantity::AppendBinary(std::pmr::string& out) const {
  constexpr std::string_view kNames = "KMGTPE";
  constexpr Int128 kBase = 1024;
  Int128 number = milli_ / kMilli;
  if (milli_ % kMilli != 0 || number < kBase) return AppendDecimal(out);
  std::size_t power = 0;
  while (number % kBase == 0 && power < kNames.size()) {
    number /= kBase;
    ++power;
  }
  AppendNumber(number, out);
  if (power == 0) return;
  out += kNames[power - 1];
  out += 'i';
}

}  // namespace remora::injection
