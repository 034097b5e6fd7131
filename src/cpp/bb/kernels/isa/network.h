// Batcher's odd-even merge sort: compile-time networks on registers, and merges over a panel in
// memory.
#pragma once

#include <utility>

#include "bb/kernels/isa/simd.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

/// Largest number of values sorted in registers.
inline constexpr size_t kMostInRegisters = 32;
/// Columns of a panel: 256 bytes of every row.
template <class T>
inline constexpr size_t kPanelColumns = 256 / sizeof(T);

/// Comparators (low, high) with low < high; the smaller value goes to `low`.
struct Network {
  uint8_t low[191] = {};  // 191 comparators sort 32 values
  uint8_t high[191] = {};
  size_t count = 0;
};

/// Batcher's network for n values: merges of sorted runs of p = 1, 2, 4 ... values.
constexpr Network make_network(size_t n) {
  Network net;
  for (size_t p = 1; p < n; p *= 2) {
    for (size_t k = p; k >= 1; k /= 2) {
      for (size_t j = k % p; j + k < n; j += 2 * k) {
        if ((j + k) % (2 * p) == 0 && k < p) continue;  // the pair would cross two runs
        for (size_t i = j; i < j + k && i + k < n; ++i) {
          net.low[net.count] = static_cast<uint8_t>(i);
          net.high[net.count] = static_cast<uint8_t>(i + k);
          ++net.count;
        }
      }
    }
  }
  return net;
}

/// A permutation of its inputs also for signed zeros: both results follow from one comparison.
template <class V>
[[gnu::always_inline]] inline void exchange(V& low, V& high) {
  const V a = low;
  const V b = high;
  low = min_of(a, b);
  high = max_of(b, a);
}

template <size_t N>
struct Sorter {
  static constexpr Network kNetwork = make_network(N);

  template <class V, size_t... I>
  [[gnu::always_inline]] static inline void apply(V (&v)[N], std::index_sequence<I...>) {
    (exchange(v[kNetwork.low[I]], v[kNetwork.high[I]]), ...);
  }
  template <class V>
  [[gnu::always_inline]] static inline void sort(V (&v)[N]) {
    apply(v, std::make_index_sequence<kNetwork.count>());
  }
};

/// NaN becomes +infinity.
template <class T>
inline Vec<T> clean(Vec<T> v) {
  return min_of(v, set1(infinity<T>()));
}

/// Exchanges `runs` whole panel rows at `low` with those at `high`.
template <class T>
inline void exchange_rows(T* low, T* high, size_t rows) {
  for (size_t i = 0; i < rows * kPanelColumns<T>; i += kWidth<T>) {
    Vec<T> a = load(low + i);
    Vec<T> b = load(high + i);
    exchange(a, b);
    save(low + i, a);
    save(high + i, b);
  }
}

/// Merges sorted runs of kMostInRegisters panel rows until the rows [first, last] hold their final
/// sorted values. In the last merge only the rows that can still reach them are exchanged.
template <class T>
void merge_panel(T* panel, size_t n, size_t first, size_t last) {
  for (size_t p = kMostInRegisters; p < n; p *= 2) {
    const bool final_merge = 2 * p >= n;
    for (size_t k = p; k >= 1; k /= 2) {
      const size_t from = final_merge && first > k - 1 ? first - (k - 1) : 0;
      const size_t to = final_merge ? smaller(last + (k - 1), n - 1) : n - 1;
      for (size_t j = k % p; j + k < n; j += 2 * k) {
        if ((j + k) % (2 * p) == 0 && k < p) continue;
        size_t begin = j;
        size_t end = smaller(smaller(j + k, n - k), to + 1);
        if (begin + k < from) begin = from - k;
        if (begin < end) {
          exchange_rows(panel + begin * kPanelColumns<T>, panel + (begin + k) * kPanelColumns<T>,
                        end - begin);
        }
      }
    }
  }
}

}  // namespace
}  // namespace bb::kernels::BB_KERNEL_ISA
