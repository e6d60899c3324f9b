#include "operator/runtime/lister_watcher.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace remora::runtime {

namespace {

// A page of 500 patterns takes the API server milliseconds; longer than this is a fault.
constexpr std::chrono::seconds kListDeadline{60};
constexpr std::chrono::seconds kWatchDeadline{30};

class StreamSource final : public EventSource {
 public:
  explicit StreamSource(std::unique_ptr<kube::WatchStream> stream) : stream_(std::move(stream)) {}
  Result<std::optional<kube::WatchEvent>> Next(std::stop_token stop) override {
    return stream_->Next(stop);
  }

 private:
  std::unique_ptr<kube::WatchStream> stream_;
};

}  // namespace

KubeListerWatcher::KubeListerWatcher(kube::Client& client, kube::Resource resource, Options options)
    : client_(client), resource_(std::move(resource)), options_(std::move(options)) {}

Result<kube::ListPage> KubeListerWatcher::List(const std::string& continue_token,
                                               std::stop_token stop) {
  return client_.List(resource_,
                      {.scope = options_.scope,
                       .form = options_.form,
                       .limit = options_.page_size,
                       .continue_token = continue_token},
                      {.stop = std::move(stop), .deadline = kListDeadline});
}

Result<std::unique_ptr<EventSource>> KubeListerWatcher::Watch(const std::string& resource_version,
                                                              std::stop_token stop) {
  const double share = std::clamp(options_.random(), 0.0, 1.0);
  const auto most = static_cast<double>((options_.longest_watch - options_.shortest_watch).count());
  const std::chrono::seconds spread(static_cast<std::int64_t>(share * most));
  auto stream = client_.Watch(resource_,
                              {.scope = options_.scope,
                               .form = options_.form,
                               .resource_version = resource_version,
                               .server_timeout = options_.shortest_watch + spread},
                              {.stop = std::move(stop), .deadline = kWatchDeadline});
  if (!stream.ok()) return stream.error();
  return std::unique_ptr<EventSource>(std::make_unique<StreamSource>(*std::move(stream)));
}

}  // namespace remora::runtime
