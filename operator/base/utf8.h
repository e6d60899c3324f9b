// UTF-8: what is and what is not, by RFC 3629.
//
// Contract
//   - Over-long forms, surrogates and code points above U+10FFFF are invalid.
// Thread-safety: pure functions.
// Errors: none.
//
// Example
//   LogValue safe = ReplaceInvalidUtf8(bytes_from_a_stranger);
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace remora {

// The length of the one valid sequence at the start of `text`, 1 to 4; 0 when there is none.
std::size_t Utf8SequenceLength(std::string_view text);

// At most so many bytes of `text`, which is valid: cut where a character ends.
std::string_view Utf8Prefix(std::string_view text, std::size_t bytes);

// `text` with U+FFFD for every byte that belongs to no valid sequence.
std::string ReplaceInvalidUtf8(std::string_view text);

}  // namespace remora
