// DocumentPrinter: documents in a row, as one stream that kubectl reads again.
//
// Contract
//   - A document whose value did not change stays byte for byte as it stood; of one that did, only
//     what changed is written anew (text_editor.h), and all of it where that cannot be done, or
//     where it is to come out in another language.
//   - `---` is put only where two documents would run into each other.
// Thread-safety: owner thread only. Errors: those of the stream.
//
// Example
//   DocumentPrinter printer(std::cout);
//   printer.Print(document, changed_value, {});
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "operator/cli/command.h"
#include "operator/cli/documents.h"
#include "operator/cli/text_editor.h"

namespace remora::cli {

struct PrintOptions {
  std::optional<OutputFormat> format = {};  // nothing: the document's own language
  EmptyValues empty_values = EmptyValues::kKeep;
};

class DocumentPrinter {
 public:
  explicit DocumentPrinter(std::ostream& out) : out_(out) {}

  void Print(const Document& document, const nlohmann::json& value, const PrintOptions& options);
  // A document was left out.
  void Skip() { joins_ = false; }

 private:
  void PrintInPlace(const Document& document, std::string_view text);
  void PrintAnew(const Document& document, const nlohmann::json& value, OutputFormat format);
  void Write(std::string_view text, bool is_json);

  std::ostream& out_;
  bool joins_ = false;  // the last document was printed in place
  bool printed_ = false;
  bool ends_line_ = true;
  bool was_json_ = false;
};

}  // namespace remora::cli
