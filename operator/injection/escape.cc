// AppendEscaped() and AppendQuoted() of template.h.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

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
  constexpr std::size_t kLongest = 8 * kBlock;
  constexpr std::size_t kWord = 8;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  if (text.size() > kLongest) return false;
  if (text.size() >= kBlock) {
    for (const char* block = begin; block + kBlock < end; block += kBlock) {
      if (ToEscape(block) != 0) return false;
    }
    return ToEscape(end - kBlock) == 0;
  }
  if (text.size() >= kWord) return !NeedsEscape8(begin) && !NeedsEscape8(end - kWord);
  return std::none_of(begin, end, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
  });
}

// Collects what is escaped: a string that grew by every piece would take longer.
class Escaper {
 public:
  explicit Escaper(std::pmr::string& out) : out_(out) {}

  // Of a block the first `size` bytes. Another whole block behind it is read, and what is copied
  // too much is overwritten by the next step.
  void Append(const char* block, std::size_t size) {
    if (to_ > buffer_.data() + buffer_.size() - kLongestStep) Flush();
    const char* from = block;
    BlockMask mask = ToEscape(block) & ((BlockMask{1} << size) - 1);
    for (; mask != 0; mask &= mask - 1) {
      const char* const special = block + std::countr_zero(mask);
      std::memcpy(to_, from, kBlock);
      to_ = WriteEscape(static_cast<unsigned char>(*special), to_ + (special - from));
      from = special + 1;
    }
    std::memcpy(to_, from, kBlock);
    to_ += block + size - from;
  }

  void Flush() {
    out_.append(buffer_.data(), static_cast<std::size_t>(to_ - buffer_.data()));
    to_ = buffer_.data();
  }

 private:
  static constexpr std::size_t kLongestEscape = 6;
  static constexpr std::size_t kLongestStep = kBlock * kLongestEscape + kBlock;

  std::pmr::string& out_;
  std::array<char, 1024> buffer_;
  char* to_ = buffer_.data();
};

}  // namespace

void AppendEscaped(std::string_view text, std::pmr::string& out) {
  if (IsShortAndClean(text)) {
    out.append(text);
    return;
  }
  Escaper escaper(out);
  for (; text.size() >= 2 * kBlock; text.remove_prefix(kBlock)) escaper.Append(text.data(), kBlock);
  // The rest goes where whole blocks can be read behind it.
  std::array<char, 3 * kBlock> rest = {};
  std::copy(text.begin(), text.end(), rest.begin());
  for (std::size_t i = 0; i < text.size(); i += kBlock) {
    escaper.Append(rest.data() + i, std::min(kBlock, text.size() - i));
  }
  escaper.Flush();
}

void AppendQuoted(std::string_view text, std::pmr::string& out) {
  out.reserve(out.size() + text.size() + 2);
  out += '"';
  AppendEscaped(text, out);
  out += '"';
}

}  // namespace remora::injection
