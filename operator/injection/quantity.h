// Quantity: a Kubernetes quantity, exact to a thousandth.
//
// Contract
//   - Parse() reads what the API server reads, without a sign: "500Mi", "1.5", "100m", "1e3". Finer
//     than a thousandth is rounded up, and more than 2^63-1 is that, as Kubernetes does it.
//   - AppendDecimal() and AppendBinary() write the form in which the API server gives it back.
// Thread-safety: a value.
// Errors: nothing where the text is no quantity.
//
// Example
//   const auto cpu = Quantity::Parse("1500m");
//   if (*cpu > Quantity::OfMilli(1000)) cpu->AppendDecimal(text);  // "1500m"
#pragma once

#include <compare>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

namespace remora::injection {

__extension__ using Int128 = __int128;

class Quantity {
 public:
  Quantity() = default;
  static Quantity OfMilli(std::int64_t milli) { return Quantity(milli); }
  static std::optional<Quantity> Parse(std::string_view text);

  bool IsZero() const { return milli_ == 0; }
  Int128 milli() const { return milli_; }

  Quantity operator+(Quantity other) const { return Capped(milli_ + other.milli_); }
  // That share of it, rounded up to a multiple of `step`.
  Quantity Percent(std::int64_t percent, Quantity step) const;

  void AppendDecimal(std::pmr::string& out) const;  // as cpu: "1500m", "2", "3k"
  void AppendBinary(std::pmr::string& out) const;   // as memory: "512Mi", "1500M"

  friend bool operator==(const Quantity&, const Quantity&) = default;
  // NOLINTNEXTLINE(modernize-use-nullptr): there is none
  friend auto operator<=>(const Quantity&, const Quantity&) = default;

 private:
  explicit Quantity(Int128 milli) : milli_(milli) {}
  static Quantity Capped(Int128 milli);

  Int128 milli_ = 0;
};

}  // namespace remora::injection
