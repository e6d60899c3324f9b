// AppendEscaped() and AppendQuoted() of template.h.
#include <algorithm>
#include <array>

#include "operator/injection/byte_scan.h"
#include "operator/injection/template.h"

namespace remora::injection {

namespace {

// The escape of `c`, which must not stand in a JSON string as it is; the place behind it.
char* WriteEscape(unsigned char c, char* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  *out++ = '\\';
  switch (c) {
    case '"':
    case '\\': *out++ = static_cast<char>(c); return out;
    case '\n': *out++ = 'n'; return out;
    case '\t': *out++ = 't'; return out;
    case '\r': *out++ = 'r'; return out;
    default:
      for (const char digit : {'u', '0', '0', kHex[c >> 4U], kHex[c & 0xFU]}) *out++ = digit;
      return out;
  }
}

// For names, keys and paths, most of which are short and have nothing to escape.
bool IsShortAndClean(std::string_view text) {
  constexpr std::size_t kWord = 8;
  if (text.size() > 4 * kWord || text.size() < kWord) return false;
  for (std::size_t i = 0; i + kWord < text.size(); i += kWord) {
    if (NeedsEscape8(text.data() + i)) return false;
  }
  return !NeedsEscape8(text.data() + text.size() - kWord);
}

}  // namespace

void AppendEscaped(std::string_view text, std::pmr::string& out) {
  if (IsShortAndClean(text)) {
    out.append(text);
    return;
  }
  constexpr std::size_t kLongestStep = kBlock + 6;  // a block and an escape
  std::array<char, 512> buffer;
  char* const full = buffer.data() + buffer.size() - kLongestStep;
  char* to = buffer.data();
  const auto flush = [&] {
    out.append(buffer.data(), static_cast<std::size_t>(to - buffer.data()));
    to = buffer.data();
  };
  std::array<char, kBlock> last;
  while (!text.empty()) {
    if (to > full) flush();
    const char* block = text.data();
    if (text.size() < kBlock) {
      last.fill(' ');
      std::copy(text.begin(), text.end(), last.begin());
      block = last.data();
    }
    std::copy_n(block, kBlock, to);
    const std::size_t clean = std::min(FirstToEscape(block), text.size());
    to += clean;
    text.remove_prefix(clean);
    if (clean == kBlock || text.empty()) continue;
    to = WriteEscape(static_cast<unsigned char>(text[0]), to);
    text.remove_prefix(1);
  }
  flush();
}

void AppendQuoted(std::string_view text, std::pmr::string& out) {
  out.reserve(out.size() + text.size() + 2);
  out += '"';
  AppendEscaped(text, out);
  out += '"';
}

}  // namespace remora::injection
