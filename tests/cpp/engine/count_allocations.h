// Counts allocations and live bytes of a test executable; include it in one source file only.
#pragma once

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace bb::test {

inline std::atomic<size_t> allocations{0};
inline std::atomic<size_t> live_bytes{0};  ///< as the allocator rounds them up

}  // namespace bb::test

// Not inlined: g++ would otherwise see malloc and delete as a mismatched pair.
[[gnu::noinline]] void* operator new(size_t size) {
  ++bb::test::allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  bb::test::live_bytes += malloc_usable_size(memory);
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  bb::test::live_bytes -= malloc_usable_size(memory);
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { operator delete(memory); }
