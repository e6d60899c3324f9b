// The misfortunes that a FakeApiServer has on demand.
#include <utility>

#include "tests/fakes/fake_api_server.h"

namespace remora::testing {

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
