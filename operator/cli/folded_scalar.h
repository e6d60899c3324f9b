// KeptLineBreaks: how many line breaks end a folded block that keeps them (`>+`).
//
// yaml-cpp 0.7 loses one of them where blank lines follow the text; a value that kubectl would keep
// must not change on its way through us.
// Thread-safety: pure function. Errors: none.
//
// Example
//   KeptLineBreaks("a: >+\n  x\n\nb: 1\n", 3, true);  // 2: of the line `x`, and the blank line behind it
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace remora::cli {

// `offset` is where the scalar begins, its tag and anchor included; `has_text`: it is more than line
// breaks. Nothing where no folded block with `+` stands there.
std::optional<std::size_t> KeptLineBreaks(std::string_view text, std::size_t offset, bool has_text);

}  // namespace remora::cli
