#include "operator/cli/document_printer.h"

#include <string>

#include "operator/cli/yaml_writer.h"

namespace remora::cli {

namespace {

constexpr int kJsonIndent = 4;  // as kubectl
constexpr std::string_view kMarker = "---";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

void DocumentPrinter::PrintAsItStands(const Document& document) {
  if (joins_ && !document.begins_source) {
    out_ << document.text;
    printed_ = printed_ || !document.text.empty();
    ends_line_ = document.text.ends_with('\n');
    was_json_ = document.is_json;
  } else {
    Print(document.text, document.is_json);
  }
  joins_ = true;
}

void DocumentPrinter::PrintChanged(const Document& document, const nlohmann::json& value,
                                   OutputFormat format) {
  joins_ = false;
  if (format == OutputFormat::kJson) {
    Print(value.dump(kJsonIndent) + '\n', /*is_json=*/true);
    return;
  }
  std::string text = document.header;
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  if (text.empty() && document.text.starts_with(kMarker)) text = "---\n";
  Print(text + WriteYaml(value), /*is_json=*/false);
}

void DocumentPrinter::Print(std::string_view text, bool is_json) {
  if (printed_) {
    if (!ends_line_) out_ << '\n';
    if (!text.starts_with(kMarker) && !(was_json_ && is_json)) out_ << "---\n";
  }
  out_ << text;
  printed_ = true;
  ends_line_ = text.empty() || text.ends_with('\n');
  was_json_ = is_json;
}

}  // namespace remora::cli
