#include "operator/base/arena.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace remora {

namespace {
constexpr std::size_t kFirstChunkBytes = std::size_t{16} * 1024;
}  // namespace

void Arena::Reset() {
  current_ = 0;
  used_ = 0;
}

std::string_view Arena::Copy(std::string_view text) {
  char* copy = Allocate(text.size());
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

void* Arena::do_allocate(std::size_t bytes, std::size_t alignment) {
  while (current_ < chunks_.size()) {
    Chunk& chunk = chunks_[current_];
    const auto address = reinterpret_cast<std::uintptr_t>(chunk.bytes.get()) + used_;
    const std::size_t padding = (alignment - address % alignment) % alignment;
    if (used_ + padding + bytes <= chunk.size) {
      void* result = chunk.bytes.get() + used_ + padding;
      used_ += padding + bytes;
      return result;
    }
    ++current_;
    used_ = 0;
  }
  const std::size_t last = chunks_.empty() ? kFirstChunkBytes / 2 : chunks_.back().size;
  const std::size_t size = std::max(2 * last, bytes + alignment);
  chunks_.push_back({std::make_unique<std::byte[]>(size), size});
  return do_allocate(bytes, alignment);
}

}  // namespace remora
