// SplitTextStream: a file of YAML or JSON, cut into its documents without losing a byte.
//
// Contract
//   - The texts of all parts, one after another, are the stream.
//   - A document ends before a line that begins with `---`, after a line that begins with `...`,
//     and between two JSON objects.
// Thread-safety: pure. Errors: none; what is no document is found by who reads it.
// Lifetime: the parts point into the stream.
//
// Example
//   for (const TextPart& part : SplitTextStream("# shop\n---\na: 1\n---\nb: 2\n")) Read(part);
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace remora::cli {

struct TextPart {
  std::string_view text;
  int line = 1;                  // of its first byte, in the stream
  std::size_t header_size = 0;   // whole lines in front of the object: `---`, comments, directives
  std::size_t marker_size = 0;   // `---`, where the object follows in the same line
  bool looks_like_json = false;  // the object begins with a bracket

  std::string_view header() const { return text.substr(0, header_size); }
  // The object: what follows the header and the marker.
  std::string_view body() const { return text.substr(header_size + marker_size); }
  int body_line() const;
};

std::vector<TextPart> SplitTextStream(std::string_view stream);

}  // namespace remora::cli
