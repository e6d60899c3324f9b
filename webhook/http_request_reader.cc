#include "webhook/http_request_reader.h"

#include <utility>  // before any asio include: without it g++ 12 does not compile asio in C++20

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace remora::webhook {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::size_t kKeptBytes = std::size_t{64} * 1024;

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

std::string_view WithoutParameters(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  return content_type.substr(0, content_type.find_last_not_of(" \t") + 1);
}

}  // namespace

struct HttpRequestReader::Parser {
  std::optional<http::request_parser<http::string_body>> beast;
  std::string spare_body;
};

HttpRequestReader::HttpRequestReader(RequestLimits limits)
    : limits_(limits), parser_(std::make_unique<Parser>()) {
  Next();
}

HttpRequestReader::~HttpRequestReader() = default;

void HttpRequestReader::Next() {
  auto& parser = parser_->beast;
  std::string& body = parser_->spare_body;
  if (parser) body = std::move(parser->get().body());
  body.clear();
  if (body.capacity() > kKeptBytes) body.shrink_to_fit();
  parser.emplace(std::piecewise_construct, std::forward_as_tuple(std::move(body)));
  parser->header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  parser->body_limit(limits_.body_bytes);
  stage_ = Stage::kIdle;
  header_bytes_ = 0;
  refusal_.reset();
}

std::size_t HttpRequestReader::Feed(std::string_view bytes) {
  if (bytes.empty() || refusal_ || stage_ == Stage::kDone) return 0;
  auto& parser = *parser_->beast;
  if (stage_ == Stage::kIdle) stage_ = Stage::kHeader;
  beast::error_code error;
  const std::size_t used = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (stage_ == Stage::kHeader) header_bytes_ += used;
  // Beast counts anew after each field that ends where a read ends.
  if (header_bytes_ > limits_.header_bytes) error = http::error::header_limit;
  if (error == http::error::header_limit) {
    Refuse(431, "the header is larger than " + std::to_string(limits_.header_bytes) + " bytes");
  } else if (error == http::error::body_limit) {
    Refuse(413, "the body is larger than " + std::to_string(limits_.body_bytes) + " bytes");
  } else if (error && error != http::error::need_more) {
    Refuse(400, "this is no HTTP/1.1 request: " + error.message());
  } else if (parser.is_header_done() && stage_ == Stage::kHeader) {
    stage_ = Stage::kBody;
    CheckHeader();
  }
  if (!refusal_ && parser.is_done()) stage_ = Stage::kDone;
  return used;
}

void HttpRequestReader::CheckHeader() {
  const auto& header = parser_->beast->get();
  if (header.count(http::field::transfer_encoding) > 0) {
    // RFC 9112 §6.1: 501 for a coding that is not understood; §6.3: 411 for a body without length.
    if (!parser_->beast->chunked()) return Refuse(501, "this transfer coding is not supported");
    return Refuse(411, "chunked bodies are not read: send a Content-Length");
  }
  if (header.version() == 11 && header.count(http::field::host) != 1) {
    Refuse(400, "an HTTP/1.1 request needs exactly one Host field");  // RFC 9112 §3.2
  }
}

std::size_t HttpRequestReader::content_length() const {
  return static_cast<std::size_t>(parser_->beast->content_length().value_or(0));
}

bool HttpRequestReader::expects_continue() const {
  return beast::iequals(parser_->beast->get()[http::field::expect], "100-continue");
}

RequestView HttpRequestReader::request() const {
  const auto& message = parser_->beast->get();
  const std::string_view target = View(message.target());
  return {.method = View(message.method_string()),
          .path = target.substr(0, target.find('?')),
          .content_type = WithoutParameters(View(message[http::field::content_type])),
          .body = message.body(),
          .deadline = {}};
}

// HTTP/1.0 clients that ask for keep-alive are answered once all the same.
bool HttpRequestReader::keep_alive() const {
  const auto& message = parser_->beast->get();
  return message.version() == 11 && message.keep_alive();
}

bool HttpRequestReader::is_head() const {
  return parser_->beast->get().method() == http::verb::head;
}

}  // namespace remora::webhook
