#include "operator/kube/watch_stream.h"

#include <array>
#include <utility>

#include "operator/kube/internal/http_transport.h"
#include "operator/kube/internal/object_text.h"
#include "operator/kube/status.h"

namespace remora::kube {

namespace {

constexpr std::array<std::pair<std::string_view, WatchEventType>, 4> kEventTypes = {{
    {"ADDED", WatchEventType::kAdded},
    {"MODIFIED", WatchEventType::kModified},
    {"DELETED", WatchEventType::kDeleted},
    {"BOOKMARK", WatchEventType::kBookmark},
}};

}  // namespace

std::string WatchEvent::ResourceVersion() const {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return {};
  const auto version = metadata->find("resourceVersion");
  if (version == metadata->end() || !version->is_string()) return {};
  return version->get<std::string>();
}

Result<WatchEvent> ParseWatchEvent(std::string_view line, bool (*drops)(std::string_view member)) {
  auto event = internal::ParseObject(line, drops);
  if (!event.ok()) return event.error();
  const auto type = event->find("type");
  const auto object = event->find("object");
  if (type == event->end() || !type->is_string() || object == event->end() ||
      !object->is_object()) {
    return Error(ErrorCode::kUnavailable, "a watch event has no type or no object");
  }
  const std::string& name = type->get_ref<const std::string&>();
  if (name == "ERROR") return ErrorFromStatusObject(*object);
  for (const auto& [text, value] : kEventTypes) {
    if (name == text) return WatchEvent{value, std::move(*object)};
  }
  return Error(ErrorCode::kUnavailable, "a watch event has the unknown type \"" + name + "\"");
}

WatchStream::WatchStream(std::unique_ptr<internal::Exchange> exchange,
                         std::chrono::milliseconds silence_limit,
                         bool (*drops)(std::string_view member))
    : exchange_(std::move(exchange)), silence_limit_(silence_limit), drops_(drops) {}

WatchStream::~WatchStream() = default;

Result<std::optional<WatchEvent>> WatchStream::Next(const std::stop_token& stop) {
  if (!exchange_) {
    if (failure_) return *failure_;
    return std::optional<WatchEvent>();
  }
  auto line = NextLine(stop);
  if (!line.ok()) return Finish(line.error());
  if (!line->has_value()) return Finish(std::optional<WatchEvent>());
  auto event = ParseWatchEvent(**line, drops_);
  if (!event.ok()) return Finish(event.error());
  return std::optional<WatchEvent>(*std::move(event));
}

Result<std::optional<WatchEvent>> WatchStream::Finish(Result<std::optional<WatchEvent>> outcome) {
  if (!outcome.ok()) failure_ = outcome.error();
  exchange_.reset();
  buffer_.clear();
  return outcome;
}

Result<std::optional<std::string>> WatchStream::NextLine(const std::stop_token& stop) {
  // Silence is counted from here: it is the server's, not the time that the caller took.
  const auto deadline = std::chrono::steady_clock::now() + silence_limit_;
  while (true) {
    const std::size_t newline = buffer_.find('\n', searched_);
    if (newline != buffer_.npos) {
      std::string line = buffer_.substr(consumed_, newline - consumed_);
      consumed_ = searched_ = newline + 1;
      if (line.find_first_not_of(" \r\t") == line.npos) continue;
      return std::optional<std::string>(std::move(line));
    }
    buffer_.erase(0, consumed_);
    consumed_ = 0;
    searched_ = buffer_.size();
    auto piece = exchange_->WaitPiece(stop, deadline);
    if (!piece.ok()) {
      if (piece.error().code() != ErrorCode::kDeadlineExceeded) return piece.error();
      return Error(ErrorCode::kUnavailable, "the watch was silent for longer than its time-out");
    }
    if (!piece->has_value()) {
      if (buffer_.empty()) return std::optional<std::string>();
      return Error(ErrorCode::kUnavailable, "the watch was cut in the middle of an event");
    }
    buffer_ += **piece;
  }
}

}  // namespace remora::kube
