// Handler: one HTTP request in, one HTTP response out, on the thread that read it.
//
// Contract
//   - Handle() is total and never blocks: it sets a status and a body for every request. What it
//     must wait for goes into Response::wait; the same request then comes once more, `resumed`,
//     perhaps to another worker's Handler, and the connections of its thread are served meanwhile.
//   - A Handler belongs to one worker thread, so it keeps its scratch memory as plain members.
//   - `Response` arrives cleared but with the capacity of an earlier answer: a warm handler that
//     appends to `body` does not ask the heap.
//   - Refuse() is the one way to say no: the sentence becomes the body and, once, a log line.
// Thread-safety: owner thread only. A HandlerFactory is called before the workers run.
// Errors: none; a refusal is a status with a sentence.
// Lifetime: a RequestView and all it points to live until Handle() returns. Whoever has been given a
//   `resume` has returned from calling it before the HttpListener is destroyed.
//
// Example
//   class Hello final : public Handler {
//     void Handle(const RequestView& request, Response& response) override {
//       if (request.path != "/hello") return Refuse(response, 404, "there is nothing here");
//       response.body.append("hello");
//     }
//   };
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace remora::webhook {

struct RequestView {
  std::string_view method;        // as sent: "POST"
  std::string_view path;          // without the query
  std::string_view content_type;  // without parameters
  std::string_view body;
  std::chrono::steady_clock::time_point received = {};
  std::chrono::steady_clock::time_point deadline = {};
  bool resumed = false;  // after Response::wait: it must be answered now
};

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kTextType = "text/plain; charset=utf-8";

struct Response {
  int status = 200;
  std::string_view content_type = kJsonType;  // of static lifetime
  std::string_view allow;  // of static lifetime; RFC 9110 §15.5.6: a 405 lists the methods
  std::string body;
  std::string refusal;  // one sentence; empty unless Refuse() was called
  // Set when there is no answer yet; all else is of no moment then. Called with what is to be
  // called once, on any thread, when the request can be handled again. Must not block.
  std::function<void(std::function<void()> resume)> wait;

  // As for a new request; the strings keep their memory.
  void Clear();
};

// `{"error": "<sentence>"}` under that status.
void Refuse(Response& response, int status, std::string_view sentence);

class Handler {
 public:
  virtual ~Handler() = default;
  virtual void Handle(const RequestView& request, Response& response) = 0;
};

// Called once for each worker thread.
using HandlerFactory = std::function<std::unique_ptr<Handler>()>;

}  // namespace remora::webhook
