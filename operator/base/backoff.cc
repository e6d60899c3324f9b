#include "operator/base/backoff.h"

#include <algorithm>
#include <memory>
#include <random>
#include <utility>

namespace remora {

RandomSource SystemRandom() {
  // Shared, since std::function asks for a copyable target.
  auto generator = std::make_shared<std::minstd_rand>(std::random_device()());
  return [generator] { return std::uniform_real_distribution<double>(0, 1)(*generator); };
}

Backoff::Backoff(Options options, RandomSource random)
    : options_(options), random_(std::move(random)) {}

std::chrono::milliseconds Backoff::Next() {
  constexpr int kMostDoublings = 20;  // 250 ms · 2²⁰ is three days: beyond any max, below overflow
  const int doublings = std::min(failures_, kMostDoublings);
  ++failures_;
  const auto ceiling = std::min(options_.max, options_.initial * (std::int64_t{1} << doublings));
  const double share = 0.5 + 0.5 * random_();
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(ceiling.count()) * share));
}

}  // namespace remora
