// JSON text appended to a buffer: for answers that are written without a document in between.
//
// Contract
//   - Appends only; asks the heap only when the buffer must grow.
//   - Quotes are part of what is written.
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace remora::webhook {

// RFC 8259 §7. Bytes that are no UTF-8 pass through: what is written here has been checked before.
void AppendJsonString(std::string_view text, std::string& out);

// RFC 4648 §4, with padding, quoted.
void AppendBase64String(std::string_view bytes, std::string& out);

}  // namespace remora::webhook
