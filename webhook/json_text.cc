#include "webhook/json_text.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace remora::webhook {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Two digits at once: a patch is a few KiB on every admission, and half the look-ups are half the
// time.
using DigitPairs = std::array<std::array<char, 2>, 4096>;

constexpr DigitPairs MakeDigitPairs() {
  DigitPairs pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = {kBase64Digits[i >> 6], kBase64Digits[i & 63]};
  }
  return pairs;
}

constexpr DigitPairs kDigitPairs = MakeDigitPairs();

bool MustEscape(unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; }

void AppendEscaped(unsigned char c, std::string& out) {
  switch (c) {
    case '"': out.append("\\\""); return;
    case '\\': out.append("\\\\"); return;
    case '\n': out.append("\\n"); return;
    case '\r': out.append("\\r"); return;
    case '\t': out.append("\\t"); return;
    default:
      out.append("\\u00");
      out.push_back(kHexDigits[c >> 4]);
      out.push_back(kHexDigits[c & 15]);
  }
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& out) {
  out.push_back('"');
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (!MustEscape(c)) continue;
    out.append(text.substr(written, i - written));
    AppendEscaped(c, out);
    written = i + 1;
  }
  out.append(text.substr(written));
  out.push_back('"');
}

void AppendBase64String(std::string_view bytes, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4 + 2);
  char* to = out.data() + start;
  const auto byte = [bytes](std::size_t i) -> std::uint32_t {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
  };
  const auto put = [&to](std::uint32_t twelve_bits) {
    *to++ = kDigitPairs[twelve_bits][0];
    *to++ = kDigitPairs[twelve_bits][1];
  };
  *to++ = '"';
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    put(group >> 12);
    put(group & 0xfff);
  }
  if (bytes.size() % 3 != 0) to[-1] = '=';
  if (bytes.size() % 3 == 1) to[-2] = '=';
  *to = '"';
}

}  // namespace remora::webhook
