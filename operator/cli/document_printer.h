// DocumentPrinter: documents in a row, as one stream that kubectl reads again.
//
// Contract
//   - Neighbours of one source that are printed as they stood stay byte for byte as they stood;
//     `---` is put only where two documents would run into each other.
// Thread-safety: owner thread only. Errors: those of the stream.
//
// Example
//   DocumentPrinter printer(std::cout);
//   printer.PrintAsItStands(first);
//   printer.PrintChanged(second, value, OutputFormat::kYaml);
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string_view>

#include "operator/cli/command.h"
#include "operator/cli/documents.h"

namespace remora::cli {

class DocumentPrinter {
 public:
  explicit DocumentPrinter(std::ostream& out) : out_(out) {}

  void PrintAsItStands(const Document& document);
  void PrintChanged(const Document& document, const nlohmann::json& value, OutputFormat format);
  // A document was left out.
  void Skip() { joins_ = false; }

 private:
  void Print(std::string_view text, bool is_json);

  std::ostream& out_;
  bool joins_ = false;  // the last document was printed as it stood
  bool printed_ = false;
  bool ends_line_ = true;
  bool was_json_ = false;
};

}  // namespace remora::cli
