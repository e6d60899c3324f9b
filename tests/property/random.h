// Random: what generators draw from, the same for the same seed on every machine.
//
// Thread-safety: owner thread only.
#pragma once

#include <cstdint>
#include <iterator>
#include <random>

namespace remora::testing {

class Random {
 public:
  explicit Random(std::uint32_t seed) : random_(seed) {}

  bool Chance(int percent) { return static_cast<int>(random_() % 100) < percent; }
  bool OneIn(std::size_t many) { return Below(many) == 0; }
  std::size_t Below(std::size_t limit) { return random_() % limit; }
  template <typename List>
  const auto& OneOf(const List& list) {
    return list[Below(std::size(list))];
  }

 private:
  std::mt19937 random_;
};

}  // namespace remora::testing
