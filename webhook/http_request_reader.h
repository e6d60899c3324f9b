// HttpRequestReader: bytes of a connection in, one HTTP/1.1 request after the other out.
//
// Contract
//   - Knows nothing of sockets, TLS or time, so it can be tested and fuzzed with plain bytes.
//   - Whatever the bytes and however they are cut: the same requests, or a refusal. After a refusal
//     the reader is done for; the connection's next request cannot be found.
//   - Bodies need a Content-Length: chunked ones are refused with 411 (RFC 9112 §6.3 allows that
//     for a body without length; the API server never sends one), other transfer codings with 501.
//   - The memory of a body up to 64 KiB is used again for the next one.
// Thread-safety: owner thread only.
// Errors: refusal(): 400, 411, 413, 431 or 501, with one sentence.
// Lifetime: request() points into the reader until Next().
//
// Example
//   HttpRequestReader reader({});
//   std::size_t used = reader.Feed(bytes);
//   if (reader.refusal()) return Reject(*reader.refusal());
//   if (reader.stage() == HttpRequestReader::Stage::kDone) Handle(reader.request());
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "webhook/handler.h"

namespace remora::webhook {

// The largest requests that are read. An AdmissionReview holds an object of at most 3 MiB (the API
// server's own limit), twice on an update.
struct RequestLimits {
  std::size_t header_bytes = std::size_t{16} * 1024;
  std::size_t body_bytes = std::size_t{8} * 1024 * 1024;
};

struct Refusal {
  int status;
  std::string sentence;
};

class HttpRequestReader {
 public:
  enum class Stage { kIdle, kHeader, kBody, kDone };

  explicit HttpRequestReader(RequestLimits limits);
  ~HttpRequestReader();
  HttpRequestReader(const HttpRequestReader&) = delete;
  HttpRequestReader& operator=(const HttpRequestReader&) = delete;

  // Returns how many bytes it took; the rest comes again, with what follows it. Stops where the
  // header ends, where the request ends, and at a refusal.
  std::size_t Feed(std::string_view bytes);

  Stage stage() const { return stage_; }
  const std::optional<Refusal>& refusal() const { return refusal_; }

  // From kBody on.
  std::size_t content_length() const;
  bool expects_continue() const;  // RFC 9110 §10.1.1: the body is held back until it is asked for

  // In kDone; without a deadline.
  RequestView request() const;
  bool keep_alive() const;
  bool is_head() const;

  // Makes ready for the next request.
  void Next();

 private:
  struct Parser;

  void CheckHeader();
  void Refuse(int status, std::string sentence) { refusal_ = {status, std::move(sentence)}; }

  const RequestLimits limits_;
  std::unique_ptr<Parser> parser_;
  Stage stage_ = Stage::kIdle;
  std::size_t header_bytes_ = 0;
  std::optional<Refusal> refusal_;
};

}  // namespace remora::webhook
