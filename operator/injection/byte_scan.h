// Byte scan: where the next special byte of a text is, 16 bytes at a time.
//
// Contract
//   - Each function looks at kBlock bytes, all of which must be readable, and gives the number of
//     bytes before the first special one: kBlock if there is none.
//   - SSE2 is a part of every x86-64; elsewhere, and in namespace portable, it is done byte by byte.
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>

#include <bit>
#endif

namespace remora::injection {

inline constexpr std::size_t kBlock = 16;

namespace portable {

// What must not stand in a JSON string as it is: the quote, the backslash, control characters.
inline std::size_t FirstToEscape(const char* block) {
  std::size_t i = 0;
  while (i < kBlock && static_cast<unsigned char>(block[i]) >= 0x20 && block[i] != '"' &&
         block[i] != '\\') {
    ++i;
  }
  return i;
}

inline std::size_t FirstBackslash(const char* block) {
  std::size_t i = 0;
  while (i < kBlock && block[i] != '\\') ++i;
  return i;
}

}  // namespace portable

// Whether one of the eight bytes at `text` is special to FirstToEscape(); the bit tricks are those of
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

inline std::size_t FirstOf(__m128i marks) {
  constexpr unsigned kNone = 1U << kBlock;
  const auto mask = static_cast<unsigned>(_mm_movemask_epi8(marks));
  return static_cast<std::size_t>(std::countr_zero(mask | kNone));
}

inline __m128i LoadBlock(const char* block) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(block));
}

inline std::size_t FirstToEscape(const char* block) {
  const __m128i bytes = LoadBlock(block);
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  // Unsigned bytes up to 0x1F: these are their own minimum with 0x1F.
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
  return FirstOf(_mm_or_si128(_mm_or_si128(quote, backslash), control));
}

inline std::size_t FirstBackslash(const char* block) {
  return FirstOf(_mm_cmpeq_epi8(LoadBlock(block), _mm_set1_epi8('\\')));
}

#else

using portable::FirstBackslash;
using portable::FirstToEscape;

#endif

}  // namespace remora::injection
