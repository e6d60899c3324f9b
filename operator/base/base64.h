// Base64 by RFC 4648, as Secrets and kubeconfigs carry bytes.
//
// Contract
//   - Encoded text has padding and no line breaks; decoding takes both or neither.
// Thread-safety: pure functions.
// Errors: none; what is not base64 decodes to nothing.
//
// Example
//   secret["data"]["tls.crt"] = EncodeBase64(certificate_pem);
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace remora {

// Asks the heap only when `out` must grow.
void AppendBase64(std::string_view bytes, std::string& out);
std::string EncodeBase64(std::string_view bytes);
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace remora
