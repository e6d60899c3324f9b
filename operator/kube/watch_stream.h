// WatchStream: the changes of one resource from one version on, pulled one by one.
//
// Contract
//   - Next() blocks until there is an event, the stream ends, or a stop is asked for. Nothing at
//     the end: the server's own time-out has passed; watch again from the last version seen.
//   - Events come whole and in order, however the bytes were cut on their way. A line that the end
//     of the connection cut in half is never delivered: it is Unavailable.
//   - An ERROR event of the server is an error here and never an event.
//   - After an error or the end, the stream is over: every further Next() says the same.
// Thread-safety: owner thread only; stopping through the stop_token works from any thread.
// Errors:
//   Gone         the version asked for is compacted (410, as status or as event): list again
//   Unavailable  cut, silent for longer than its time-out, or not understood: watch again
//   Cancelled    the stop_token; by the table of kube/status.h for other ERROR events
// Lifetime: may outlive its Client. Destruction closes the connection.
//
// Example
//   auto stream = client.Watch(pods, {.resource_version = list.resource_version}, {.stop = stop});
//   while (stream.ok()) {
//     auto event = (*stream)->Next(stop);
//     if (!event.ok() || !event->has_value()) break;
//     Apply(**event);
//   }
#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "operator/base/result.h"

namespace remora::kube {

enum class WatchEventType { kAdded, kModified, kDeleted, kBookmark };

struct WatchEvent {
  WatchEventType type;
  nlohmann::json object;  // of a bookmark: only metadata.resourceVersion counts

  // Empty when the object has none.
  std::string ResourceVersion() const;
};

// One line of a watch; of its object, `drops` as kube::Form says. Gone and the like when it is an
// ERROR event.
[[nodiscard]] Result<WatchEvent> ParseWatchEvent(std::string_view line,
                                                 bool (*drops)(std::string_view member) = nullptr);

namespace internal {
class Exchange;
}  // namespace internal

class WatchStream {
 public:
  // For Client: `exchange` has answered 200. Longer silence than `silence_limit` is death.
  WatchStream(std::unique_ptr<internal::Exchange> exchange, std::chrono::milliseconds silence_limit,
              bool (*drops)(std::string_view member) = nullptr);
  ~WatchStream();
  WatchStream(const WatchStream&) = delete;
  WatchStream& operator=(const WatchStream&) = delete;

  [[nodiscard]] Result<std::optional<WatchEvent>> Next(const std::stop_token& stop);

 private:
  // The next whole line; nothing at the clean end of the stream.
  Result<std::optional<std::string>> NextLine(const std::stop_token& stop);
  Result<std::optional<WatchEvent>> Finish(Result<std::optional<WatchEvent>> outcome);

  std::unique_ptr<internal::Exchange> exchange_;  // null once the stream is over
  std::chrono::milliseconds silence_limit_;
  bool (*drops_)(std::string_view member);
  std::string buffer_;  // received, of which [0, consumed_) is delivered
  std::size_t consumed_ = 0;
  std::size_t searched_ = 0;      // no newline before this position, so that long lines stay linear
  std::optional<Error> failure_;  // how it ended; nothing: cleanly
};

}  // namespace remora::kube
