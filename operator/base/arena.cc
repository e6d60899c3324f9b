#include "operator/base/arena.h"

#include <algorithm>
#include <cstring>

namespace remora {

namespace {
constexpr std::size_t kFirstChunkBytes = std::size_t{16} * 1024;
}  // namespace

void Arena::Reset() {
  if (!chunks_.empty()) Use(0);
}

void Arena::Use(std::size_t chunk) {
  current_ = chunk;
  next_ = chunks_[chunk].bytes.get();
  end_ = next_ + chunks_[chunk].size;
}

std::string_view Arena::Copy(std::string_view text) {
  char* copy = Allocate(text.size());
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

void* Arena::AllocateFromNextChunk(std::size_t bytes, std::size_t alignment) {
  if (current_ + 1 < chunks_.size()) {
    Use(current_ + 1);
  } else {
    const std::size_t last = chunks_.empty() ? kFirstChunkBytes / 2 : chunks_.back().size;
    const std::size_t size = std::max(2 * last, bytes + alignment);
    chunks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
    Use(chunks_.size() - 1);
  }
  return do_allocate(bytes, alignment);  // a chunk made before may still be too small
}

}  // namespace remora
