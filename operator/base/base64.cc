#include "operator/base/base64.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace remora {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Two digits at once: a patch is a few KiB on every admission, and half the look-ups are half the
// time.
using DigitPairs = std::array<std::array<char, 2>, 4096>;

constexpr DigitPairs MakeDigitPairs() {
  DigitPairs pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = {kAlphabet[i >> 6], kAlphabet[i & 63]};
  }
  return pairs;
}

constexpr DigitPairs kDigitPairs = MakeDigitPairs();

}  // namespace

void AppendBase64(std::string_view bytes, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4);
  char* to = out.data() + start;
  const auto byte = [bytes](std::size_t i) -> std::uint32_t {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
  };
  const auto put = [&to](std::uint32_t twelve_bits) {
    *to++ = kDigitPairs[twelve_bits][0];
    *to++ = kDigitPairs[twelve_bits][1];
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    put(group >> 12);
    put(group & 0xfff);
  }
  if (bytes.size() % 3 != 0) to[-1] = '=';
  if (bytes.size() % 3 == 1) to[-2] = '=';
}

std::string EncodeBase64(std::string_view bytes) {
  std::string out;
  AppendBase64(bytes, out);
  return out;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  std::string out;
  unsigned buffer = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=' || c == '\n' || c == '\r' || c == ' ') continue;
    const std::size_t digit = kAlphabet.find(c);
    if (digit == kAlphabet.npos) return std::nullopt;
    buffer = (buffer << 6 | static_cast<unsigned>(digit)) & 0xFFFFFF;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(buffer >> bits & 0xFF);
  }
  return out;
}

}  // namespace remora
