// Bytes of a connection, whole and in pieces: the same requests, and where both end in a refusal, the same. The last byte
// says how long the pieces are.
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/invariants.h"
#include "webhook/http_request_reader.h"

namespace remora::testing {
namespace {

using webhook::HttpRequestReader;
using Stage = HttpRequestReader::Stage;

struct Heard {
  std::vector<std::string> requests;
  int refusal = 0;
};

// As a connection does it: what is not taken comes again with the next piece.
class Connection {
 public:
  void Receive(std::string_view bytes) {
    pending_.append(bytes);
    while (!pending_.empty() && heard_.refusal == 0) {
      const std::size_t used = reader_.Feed(pending_);
      Demand(used <= pending_.size(), "more bytes taken than there are", pending_);
      pending_.erase(0, used);
      if (reader_.refusal()) {
        heard_.refusal = reader_.refusal()->status;
      } else if (reader_.stage() == Stage::kDone) {
        Note();
        reader_.Next();
      } else if (used == 0) {
        return;
      }
    }
  }
  const Heard& heard() const { return heard_; }

 private:
  void Note() {
    const webhook::RequestView request = reader_.request();
    Demand(request.body.size() == reader_.content_length(), "a body of another length",
           request.body);
    Demand(request.path.find_first_of(" \r\n?") == std::string_view::npos, "a path with spaces",
           request.path);
    std::string text;
    for (const std::string_view part :
         {request.method, request.path, request.content_type, request.body}) {
      text.append(std::to_string(part.size())).append(":").append(part);
    }
    text += reader_.keep_alive() ? " keep" : " close";
    text += reader_.is_head() ? " head" : "";
    text += reader_.expects_continue() ? " waits" : "";
    heard_.requests.push_back(std::move(text));
  }

  HttpRequestReader reader_{{.header_bytes = 1024, .body_bytes = 512}};
  std::string pending_;
  Heard heard_;
};

void Run(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::size_t piece = 1 + static_cast<unsigned char>(bytes.back());
  bytes.remove_suffix(1);
  Connection whole;
  whole.Receive(bytes);
  Connection pieces;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    pieces.Receive(bytes.substr(at, piece));
  }
  Demand(whole.heard().requests == pieces.heard().requests, "other requests in pieces", bytes);
  // Whether bytes at the very end are refused or waited upon may depend on the cut: what must
  // follow a CR is looked at when it is there. So may which is seen first of a header, that it is
  // too large or that it is wrong.
  const int one = whole.heard().refusal;
  const int other = pieces.heard().refusal;
  constexpr int kHeaderTooLarge = 431;
  if (one == 0 || other == 0 || one == kHeaderTooLarge || other == kHeaderTooLarge) return;
  Demand(one == other, "another refusal in pieces", bytes);
}

}  // namespace
}  // namespace remora::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  remora::testing::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
