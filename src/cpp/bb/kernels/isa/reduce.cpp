// Reductions for one instruction set: 16 double lanes, fixed chunks, one combine tree.
#include "bb/kernels/reduce.h"

#include "bb/kernels/isa/simd.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

inline constexpr size_t kWide = kWidth<double>;
inline constexpr size_t kGroups = kLanes / kWide;

/// Runs `step(lane, a, b)` over 16 double lanes for n elements, then combines the lanes.
template <class T, class F>
inline double reduce_chunk(const T* x, const T* y, size_t n, F step) {
  Vec<double> acc[kGroups];
  for (size_t g = 0; g < kGroups; ++g) acc[g] = zero<double>();
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (size_t g = 0; g < kGroups; ++g) {
      acc[g] = step(acc[g], load_wide(x + i + g * kWide), load_wide(y + i + g * kWide));
    }
  }
  if (i < n) {  // zeros leave a lane as it is, since no lane is ever -0
    T last_x[kLanes] = {};
    T last_y[kLanes] = {};
    for (size_t j = i; j < n; ++j) {
      last_x[j - i] = x[j];
      last_y[j - i] = y[j];
    }
    for (size_t g = 0; g < kGroups; ++g) {
      acc[g] = step(acc[g], load_wide(last_x + g * kWide), load_wide(last_y + g * kWide));
    }
  }
  double lanes[kLanes];
  for (size_t g = 0; g < kGroups; ++g) save(lanes + g * kWide, acc[g]);
  return combine_lanes(lanes);
}

template <class T, class F>
inline double reduce_all(const T* x, const T* y, size_t n, F step) {
  double total = 0.0;
  for (size_t begin = 0; begin < n; begin += kChunk) {
    total += reduce_chunk(x + begin, y + begin, smaller(kChunk, n - begin), step);
  }
  return total;
}

template <class T>
double sum(const T* x, size_t n) {
  return reduce_all(x, x, n, [](Vec<double> acc, Vec<double> a, Vec<double>) { return acc + a; });
}
template <class T>
double dot(const T* x, const T* y, size_t n) {
  return reduce_all(x, y, n,
                    [](Vec<double> acc, Vec<double> a, Vec<double> b) { return fused(a, b, acc); });
}
template <class T>
double sum_squares(const T* x, size_t n) {
  return dot(x, x, n);
}

/// a, or b if b is larger or NaN; a NaN stays.
template <class T>
inline Vec<T> larger_or_nan(Vec<T> a, Vec<T> b) {
  return choose(b > a, b, choose(b == b, a, b));
}
template <class T>
inline T larger_or_nan(T a, T b) {
  return b > a || b != b ? b : a;
}

template <class T>
T largest(const T* x, size_t n) {
  T best = -infinity<T>();
  size_t i = 0;
  if (n >= kLanes) {
    Vec<T> acc[kLanes / kWidth<T>];
    for (auto& lane : acc) lane = set1(-infinity<T>());
    for (; i + kLanes <= n; i += kLanes) {
      for (size_t g = 0; g < kLanes / kWidth<T>; ++g) {
        acc[g] = larger_or_nan(acc[g], load(x + i + g * kWidth<T>));
      }
    }
    T lanes[kLanes];
    for (size_t g = 0; g < kLanes / kWidth<T>; ++g) save(lanes + g * kWidth<T>, acc[g]);
    for (const T lane : lanes) best = larger_or_nan(best, lane);
  }
  for (; i < n; ++i) best = larger_or_nan(best, x[i]);
  return best + T(0);  // +0 whichever zero came first
}

template <class T>
size_t count_non_finite(const T* x, size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < n; ++i) count += x[i] - x[i] == T(0) ? 0U : 1U;
  return count;
}

template <class T>
void sum_rows(const T* x, size_t m, size_t n, size_t ld, T* y) {
  for (size_t i = 0; i < m; ++i) y[i] = static_cast<T>(sum(x + i * ld, n));
}
template <class T>
void mean_rows(const T* x, size_t m, size_t n, size_t ld, T* y) {
  for (size_t i = 0; i < m; ++i) {
    y[i] = static_cast<T>(sum(x + i * ld, n) / static_cast<double>(n));
  }
}
template <class T>
void max_rows(const T* x, size_t m, size_t n, size_t ld, T* y) {
  for (size_t i = 0; i < m; ++i) y[i] = largest(x + i * ld, n);
}

/// Sums down the columns, divided by `divisor`; four double registers of columns at a time.
template <class T>
inline void divided_column_sums(const T* x, size_t m, size_t n, size_t ld, double divisor, T* y) {
  constexpr size_t kBlock = 4 * kWide;
  size_t j = 0;
  for (; j + kBlock <= n; j += kBlock) {
    Vec<double> acc[4] = {zero<double>(), zero<double>(), zero<double>(), zero<double>()};
    for (size_t i = 0; i < m; ++i) {
      for (size_t g = 0; g < 4; ++g) acc[g] = acc[g] + load_wide(x + i * ld + j + g * kWide);
    }
    for (size_t g = 0; g < 4; ++g) save_narrow(y + j + g * kWide, divide(acc[g], set1(divisor)));
  }
  for (; j + kWide <= n; j += kWide) {
    Vec<double> acc = zero<double>();
    for (size_t i = 0; i < m; ++i) acc = acc + load_wide(x + i * ld + j);
    save_narrow(y + j, divide(acc, set1(divisor)));
  }
  for (; j < n; ++j) {
    double acc = 0.0;
    for (size_t i = 0; i < m; ++i) acc += static_cast<double>(x[i * ld + j]);
    y[j] = static_cast<T>(acc / divisor);
  }
}
template <class T>
void sum_cols(const T* x, size_t m, size_t n, size_t ld, T* y) {
  divided_column_sums(x, m, n, ld, 1.0, y);
}
template <class T>
void mean_cols(const T* x, size_t m, size_t n, size_t ld, T* y) {
  divided_column_sums(x, m, n, ld, static_cast<double>(m), y);
}
template <class T>
void max_cols(const T* x, size_t m, size_t n, size_t ld, T* y) {
  size_t j = 0;
  for (; j + kWidth<T> <= n; j += kWidth<T>) {
    Vec<T> best = set1(-infinity<T>());
    for (size_t i = 0; i < m; ++i) best = larger_or_nan(best, load(x + i * ld + j));
    save(y + j, best + zero<T>());
  }
  for (; j < n; ++j) {
    T best = -infinity<T>();
    for (size_t i = 0; i < m; ++i) best = larger_or_nan(best, x[i * ld + j]);
    y[j] = best + T(0);
  }
}

template <class T>
void argmax_rows(const T* x, size_t m, size_t n, size_t ld, int64_t* y) {
  for (size_t i = 0; i < m; ++i) {
    const T* row = x + i * ld;
    size_t best = 0;
    for (size_t j = 1; j < n && row[best] == row[best]; ++j) {
      if (row[j] > row[best] || row[j] != row[j]) best = j;
    }
    y[i] = static_cast<int64_t>(best);
  }
}

}  // namespace

extern const ReduceKernels reduce_kernels;
const ReduceKernels reduce_kernels = {
    .sum_f32 = sum<float>,
    .sum_f64 = sum<double>,
    .dot_f32 = dot<float>,
    .dot_f64 = dot<double>,
    .sum_squares_f32 = sum_squares<float>,
    .sum_squares_f64 = sum_squares<double>,
    .max_f32 = largest<float>,
    .max_f64 = largest<double>,
    .count_non_finite_f32 = count_non_finite<float>,
    .count_non_finite_f64 = count_non_finite<double>,
    .sum_rows_f32 = sum_rows<float>,
    .sum_rows_f64 = sum_rows<double>,
    .mean_rows_f32 = mean_rows<float>,
    .mean_rows_f64 = mean_rows<double>,
    .max_rows_f32 = max_rows<float>,
    .max_rows_f64 = max_rows<double>,
    .sum_cols_f32 = sum_cols<float>,
    .sum_cols_f64 = sum_cols<double>,
    .mean_cols_f32 = mean_cols<float>,
    .mean_cols_f64 = mean_cols<double>,
    .max_cols_f32 = max_cols<float>,
    .max_cols_f64 = max_cols<double>,
    .argmax_rows_f32 = argmax_rows<float>,
    .argmax_rows_f64 = argmax_rows<double>,
};

}  // namespace bb::kernels::BB_KERNEL_ISA
