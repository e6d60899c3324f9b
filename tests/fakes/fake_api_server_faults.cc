// The misfortunes that a FakeApiServer has on demand.
#include <algorithm>
#include <utility>

#include "tests/fakes/fake_api_server.h"

namespace remora::testing {

bool FakeApiServer::Misfortune(const std::string& verb, const HttpRequest& request,
                               Connection& connection) {
  Fault fault;
  {
    MutexLock lock(mutex_);
    std::optional<Fault> asked = TakeFault(verb, Parse(request.path).collection);
    if (asked) {
      fault = *std::move(asked);
    } else if (!token_.empty()) {
      const auto header = request.headers.find("authorization");
      if (header == request.headers.end() || header->second != "Bearer " + token_) {
        fault = {.status = 401, .reason = "Unauthorized"};
      }
    }
  }
  if (fault.before) fault.before();
  if (fault.cut) {
    connection.Cut();
    return true;
  }
  if (fault.silent) {
    while (connection.WaitForWake()) {
    }
    connection.Cut();
    return true;
  }
  if (fault.status == 0) return false;
  const Answer answer = Status(fault.status, fault.reason, "asked to fail");
  connection.Respond(fault.status, fault.raw.empty() ? answer.second.dump() : fault.raw,
                     fault.headers);
  return true;
}

std::optional<FakeApiServer::Fault> FakeApiServer::TakeFault(const std::string& verb,
                                                             const std::string& collection) {
  std::deque<Fault>& queue = faults_[verb];
  const auto at = std::find_if(queue.begin(), queue.end(), [&](const Fault& fault) {
    return fault.collection.empty() || fault.collection == collection;
  });
  if (at == queue.end()) return std::nullopt;
  Fault fault = std::move(*at);
  queue.erase(at);
  return fault;
}

void FakeApiServer::Compact() {
  MutexLock lock(mutex_);
  compacted_ = ++version_;
  history_.clear();
}

void FakeApiServer::TellGoneByEvent() {
  MutexLock lock(mutex_);
  gone_by_event_ = true;
}

void FakeApiServer::FailNext(const std::string& verb, Fault fault) {
  MutexLock lock(mutex_);
  faults_[verb].push_back(std::move(fault));
}

void FakeApiServer::RequireToken(const std::string& token) {
  MutexLock lock(mutex_);
  token_ = token;
}

void FakeApiServer::SendToWatches(std::string_view bytes) {
  MutexLock lock(mutex_);
  for (Watch& watch : watches_) {
    watch.outbox.emplace_back(bytes);
    watch.connection->Wake();
  }
}

void FakeApiServer::SplitEvents(std::size_t bytes) {
  MutexLock lock(mutex_);
  split_bytes_ = bytes;
}

void FakeApiServer::EndWatches() {
  MutexLock lock(mutex_);
  for (Watch& watch : watches_) {
    watch.ended = true;
    watch.connection->Wake();
  }
}

void FakeApiServer::CutWatches() {
  MutexLock lock(mutex_);
  for (Watch& watch : watches_) watch.connection->Cut();
}

void FakeApiServer::MuteWatches() {
  MutexLock lock(mutex_);
  for (Watch& watch : watches_) watch.muted = true;
}

void FakeApiServer::Restore(long version) {
  MutexLock lock(mutex_);
  version_ = version;
  history_.clear();
}

}  // namespace remora::testing
