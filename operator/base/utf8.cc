#include "operator/base/utf8.h"

#include <algorithm>

namespace remora {

namespace {

unsigned char ByteAt(std::string_view text, std::size_t index) {
  return index < text.size() ? static_cast<unsigned char>(text[index]) : 0;
}

bool IsContinuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

}  // namespace

std::size_t Utf8SequenceLength(std::string_view text) {
  if (text.empty()) return 0;
  const unsigned char first = ByteAt(text, 0);
  if (first < 0x80) return 1;
  const unsigned char second = ByteAt(text, 1);
  if (!IsContinuation(second)) return 0;
  if (first >= 0xC2 && first <= 0xDF) return 2;  // 0xC0 and 0xC1 would be over-long
  if (!IsContinuation(ByteAt(text, 2))) return 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool over_long = first == 0xE0 && second < 0xA0;
    const bool surrogate = first == 0xED && second >= 0xA0;
    return over_long || surrogate ? 0 : 3;
  }
  if (!IsContinuation(ByteAt(text, 3))) return 0;
  if (first >= 0xF0 && first <= 0xF4) {
    const bool over_long = first == 0xF0 && second < 0x90;
    const bool beyond = first == 0xF4 && second >= 0x90;
    return over_long || beyond ? 0 : 4;
  }
  return 0;
}

std::string_view Utf8Prefix(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && IsContinuation(ByteAt(text, bytes))) --bytes;
  return text.substr(0, bytes);
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = Utf8SequenceLength(text);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

}  // namespace remora
