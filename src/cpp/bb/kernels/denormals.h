// Treats subnormal floating-point numbers as zero on the current thread for a scope.
#pragma once

#include <cstdint>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace bb::kernels {

/// Sets flush-to-zero and denormals-are-zero, and restores the previous state at the end of the
/// scope. It changes results below the normal range: a computation has it on all of its threads or
/// on none.
class FlushDenormals {
 public:
  FlushDenormals() : before_(read()) { write(before_ | kFlush); }
  ~FlushDenormals() { write(before_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
#if defined(__SSE2__)
  using State = unsigned;
  static constexpr State kFlush = 0x8040;  // MXCSR bits FTZ and DAZ
  static State read() { return _mm_getcsr(); }
  static void write(State state) { _mm_setcsr(state); }
#elif defined(__aarch64__)
  using State = uint64_t;
  static constexpr State kFlush = uint64_t{1} << 24;  // FPCR.FZ
  static State read() {
    State state;
    asm volatile("mrs %0, fpcr" : "=r"(state));
    return state;
  }
  static void write(State state) { asm volatile("msr fpcr, %0" ::"r"(state)); }
#else
  using State = unsigned;
  static constexpr State kFlush = 0;  // no portable control: subnormals stay
  static State read() { return 0; }
  static void write(State) {}
#endif
  State before_;
};

}  // namespace bb::kernels
