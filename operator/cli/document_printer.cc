#include "operator/cli/document_printer.h"

#include <string>

#include "operator/cli/yaml_writer.h"

namespace remora::cli {

namespace {

constexpr int kJsonIndent = 4;  // as kubectl
constexpr std::string_view kMarker = "---";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

void DocumentPrinter::Print(const Document& document, const nlohmann::json& value,
                            const PrintOptions& options) {
  const auto own = document.is_json ? OutputFormat::kJson : OutputFormat::kYaml;
  const bool changed = value != document.parsed.value;
  if (options.format == OutputFormat::kJson && document.parsed.empty) return;
  // JSON is YAML, too.
  const bool anew =
      options.format == OutputFormat::kJson || (changed && options.format && options.format != own);
  if (!changed && !anew) return PrintInPlace(document, document.text);
  if (!anew) {
    const auto edited = EditText(document, value, options.empty_values);
    if (edited) return PrintInPlace(document, edited->text);
  }
  const bool drop = options.empty_values == EmptyValues::kDropBlocks;
  PrintAnew(document, drop ? WithoutEmptied(document.parsed.value, value) : value,
            options.format.value_or(own));
}

void DocumentPrinter::PrintInPlace(const Document& document, std::string_view text) {
  if (joins_ && !document.begins_source) {
    out_ << text;
    printed_ = printed_ || !text.empty();
    ends_line_ = text.ends_with('\n');
    was_json_ = document.is_json;
  } else {
    Write(text, document.is_json);
  }
  joins_ = true;
}

void DocumentPrinter::PrintAnew(const Document& document, const nlohmann::json& value,
                                OutputFormat format) {
  joins_ = false;
  if (format == OutputFormat::kJson) {
    Write(value.dump(kJsonIndent) + '\n', /*is_json=*/true);
    return;
  }
  std::string text = document.header;
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  if (text.empty() && document.text.starts_with(kMarker)) text = "---\n";
  Write(text + WriteYaml(value), /*is_json=*/false);
}

void DocumentPrinter::Write(std::string_view text, bool is_json) {
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
