// Place: where in the input something stands, for complaints: `cart.yaml:12`.
//
// Quote() shows a piece of the input in a complaint of one line.
// Thread-safety: values and a pure function. Errors: none.
#pragma once

#include <string>
#include <string_view>

namespace remora::cli {

struct Place {
  std::string source;  // the file as the user named it, or `standard input`
  int line = 1;

  std::string ToString() const { return source + ':' + std::to_string(line); }
};

// In double quotes, control characters escaped, cut where it is long.
std::string Quote(std::string_view text);

}  // namespace remora::cli
