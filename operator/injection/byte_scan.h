// Byte scan: where the special bytes of a text are, 16 bytes at a time.
//
// Contract
//   - Each function looks at kBlock bytes, all of which must be readable, and gives a bit for each
//     special one: bit 0 for the first byte.
//   - SSE2 is a part of every x86-64; elsewhere, and in namespace portable, it is done byte by byte.
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace remora::injection {

inline constexpr std::size_t kBlock = 16;
using BlockMask = std::uint32_t;

namespace portable {

// What must not stand in a JSON string as it is: the quote, the backslash, control characters.
inline BlockMask ToEscape(const char* block) {
  BlockMask mask = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const char c = block[i];
    const bool special = static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
    mask |= static_cast<BlockMask>(special) << i;
  }
  return mask;
}

inline BlockMask Backslashes(const char* block) {
  BlockMask mask = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    mask |= static_cast<BlockMask>(block[i] == '\\') << i;
  }
  return mask;
}

}  // namespace portable

// Whether one of the eight bytes at `text` is special to ToEscape(); the bit tricks are those of
// "does a word have a byte less than n".
inline bool NeedsEscape8(const char* text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  const auto below = [](std::uint64_t w, std::uint64_t n) { return (w - kOnes * n) & ~w; };
  const std::uint64_t marks =
      below(word, 0x20) | below(word ^ (kOnes * '"'), 1) | below(word ^ (kOnes * '\\'), 1);
  return (marks & (kOnes * 0x80)) != 0;
}

#if defined(__SSE2__)

inline BlockMask MaskOf(__m128i marks) { return static_cast<BlockMask>(_mm_movemask_epi8(marks)); }

inline __m128i LoadBlock(const char* block) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(block));
}

inline BlockMask ToEscape(const char* block) {
  const __m128i bytes = LoadBlock(block);
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  // Unsigned bytes up to 0x1F: these are their own minimum with 0x1F.
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
  return MaskOf(_mm_or_si128(_mm_or_si128(quote, backslash), control));
}

inline BlockMask Backslashes(const char* block) {
  return MaskOf(_mm_cmpeq_epi8(LoadBlock(block), _mm_set1_epi8('\\')));
}

#else

using portable::Backslashes;
using portable::ToEscape;

#endif

}  // namespace remora::injection
