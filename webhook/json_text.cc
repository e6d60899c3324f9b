#include "webhook/json_text.h"

#include <cstddef>

#include "operator/base/base64.h"

namespace remora::webhook {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

bool MustEscape(unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; }

void AppendEscaped(unsigned char c, std::string& out) {
  switch (c) {
    case '"': out.append("\\\""); return;
    case '\\': out.append("\\\\"); return;
    case '\n': out.append("\\n"); return;
    case '\r': out.append("\\r"); return;
    case '\t': out.append("\\t"); return;
    default:
      out.append("\\u00");
      out.push_back(kHexDigits[c >> 4]);
      out.push_back(kHexDigits[c & 15]);
  }
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& out) {
  out.push_back('"');
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (!MustEscape(c)) continue;
    out.append(text.substr(written, i - written));
    AppendEscaped(c, out);
    written = i + 1;
  }
  out.append(text.substr(written));
  out.push_back('"');
}

void AppendBase64String(std::string_view bytes, std::string& out) {
  out.push_back('"');
  AppendBase64(bytes, out);
  out.push_back('"');
}

}  // namespace remora::webhook
