// Arena: memory for one request, given back all at once and kept for the next one.
//
// Contract
//   - A std::pmr::memory_resource: pmr containers live in it; deallocation does nothing.
//   - Reset() forgets every allocation but keeps the chunks, so that a warm arena never asks the
//     heap. What was allocated before a Reset() must not be touched after it, destructors included.
// Thread-safety: owner thread only.
//
// Example
//   Arena arena;
//   std::pmr::vector<int> numbers(&arena);
//   std::string_view kept = arena.Copy("text that must outlive its source");
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string_view>
#include <vector>

namespace remora {

class Arena final : public std::pmr::memory_resource {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void Reset();

  std::string_view Copy(std::string_view text);
  // Uninitialised bytes, aligned for char.
  char* Allocate(std::size_t bytes) { return static_cast<char*>(do_allocate(bytes, 1)); }

 private:
  struct Chunk {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size;
  };

  // `alignment` is a power of two, as everywhere in C++.
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    const std::size_t padding = -reinterpret_cast<std::uintptr_t>(next_) & (alignment - 1);
    // Never the last byte: an arena without a chunk must not answer for zero bytes either.
    const auto free = static_cast<std::size_t>(end_ - next_);
    if (padding < free && bytes < free - padding) {
      std::byte* const begin = next_ + padding;
      next_ = begin + bytes;
      return begin;
    }
    return AllocateFromNextChunk(bytes, alignment);
  }
  void* AllocateFromNextChunk(std::size_t bytes, std::size_t alignment);
  void Use(std::size_t chunk);
  void do_deallocate(void* /*pointer*/, std::size_t /*bytes*/, std::size_t /*align*/) override {}
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }

  std::vector<Chunk> chunks_;
  std::size_t current_ = 0;    // the chunk in use
  std::byte* next_ = nullptr;  // what is free of it
  std::byte* end_ = nullptr;
};

}  // namespace remora
