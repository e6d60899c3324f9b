#include "operator/runtime/probe_server.h"

#include <CivetServer.h>

#include <exception>
#include <string_view>
#include <utility>
#include <vector>

namespace remora::runtime {

namespace {

// A page that a function writes; an empty `problem` is 200.
class Page final : public CivetHandler {
 public:
  struct Answer {
    int status = 200;
    std::string body;
  };
  explicit Page(std::function<Answer()> answer) : answer_(std::move(answer)) {}

  bool handleGet(CivetServer* /*server*/, mg_connection* connection) override {
    const Answer answer = answer_();
    mg_printf(connection,
              "HTTP/1.1 %d %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
              "Content-Length: %zu\r\n\r\n",
              answer.status, mg_get_response_code_text(connection, answer.status),
              answer.body.size());
    mg_write(connection, answer.body.data(), answer.body.size());
    return true;
  }

 private:
  const std::function<Answer()> answer_;
};

// civetweb's form: "[::]:8080", with + for both families.
std::string ListeningPort(const ProbeServer::Options& options) {
  const std::string port = std::to_string(options.port);
  if (options.address == "::") return "+" + port;
  const bool is_v6 = options.address.find(':') != std::string::npos;
  return (is_v6 ? "[" + options.address + "]" : options.address) + ":" + port;
}

}  // namespace

class ProbeServer::Impl {
 public:
  explicit Impl(const Options& options)
      : healthz_([] {
          return Page::Answer{200, "ok\n"};
        }),
        readyz_([not_ready = options.not_ready] {
          const std::string why = not_ready();
          return why.empty() ? Page::Answer{200, "ok\n"} : Page::Answer{503, why + "\n"};
        }),
        metrics_([metrics = options.metrics] {
          return Page::Answer{200, metrics()};
        }),
        server_(std::vector<std::string>{"listening_ports", ListeningPort(options), "num_threads",
                                         "2", "request_timeout_ms", "10000"}) {
    server_.addHandler("/healthz$", healthz_);
    server_.addHandler("/readyz$", readyz_);
    server_.addHandler("/metrics$", metrics_);
  }

  std::uint16_t port() {
    const std::vector<int> ports = server_.getListeningPorts();
    return ports.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(ports.front());
  }

 private:
  Page healthz_;
  Page readyz_;
  Page metrics_;
  CivetServer server_;  // last: its threads use the pages
};

ProbeServer::ProbeServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ProbeServer::~ProbeServer() = default;

Result<std::unique_ptr<ProbeServer>> ProbeServer::Start(Options options) {
  try {
    return std::unique_ptr<ProbeServer>(new ProbeServer(std::make_unique<Impl>(options)));
  } catch (const std::exception& exception) {
    return Error(ErrorCode::kInvalid, "cannot listen on " + options.address + " port " +
                                          std::to_string(options.port) + ": " + exception.what());
  }
}

std::uint16_t ProbeServer::port() const { return impl_->port(); }

}  // namespace remora::runtime
