// Allocations: how often this program has asked the heap; operator new is replaced where this is
// linked.
//
// Contract
//   - Counts operator new in all its forms, of all threads. What a C library takes with malloc is
//     not seen.
// Thread-safety: safe.
//
// Example
//   const std::uint64_t before = Allocations();
//   Inject(request, *index, environment, workspace);
//   EXPECT_EQ(Allocations() - before, 0U);
#pragma once

#include <cstdint>

namespace remora::bench {

std::uint64_t Allocations();

}  // namespace remora::bench
