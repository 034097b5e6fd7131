// Combinations of rows, mean and deviation per column, and squared distances for one instruction
// set.
#include <utility>

#include "bb/kernels/columns.h"
#include "bb/kernels/isa/simd.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

/// Calls body.template operator()<G>(column) on blocks of G registers, first 4, then 1, then
/// columns one by one through `single`.
template <class T, class Body, class Single>
inline void for_blocks(size_t width, size_t begin, size_t end, Body body, Single single) {
  size_t j = begin;
  for (; j + 4 * width <= end; j += 4 * width) body.template operator()<4>(j);
  for (; j + width <= end; j += width) body.template operator()<1>(j);
  for (; j < end; ++j) single(j);
}

inline float fused_scalar(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double fused_scalar(double a, double b, double c) { return __builtin_fma(a, b, c); }

template <class T>
void combine_rows(const T* const* rows, const T* weights, size_t n, size_t begin, size_t end,
                  T* out) {
  const auto block = [=]<size_t G>(size_t j) {
    Vec<T> acc[G];
    for (auto& a : acc) a = zero<T>();
    for (size_t i = 0; i < n; ++i) {
      const Vec<T> w = set1(weights[i]);
      for (size_t g = 0; g < G; ++g) acc[g] = fused(w, load(rows[i] + j + g * kWidth<T>), acc[g]);
    }
    for (size_t g = 0; g < G; ++g) save(out + j + g * kWidth<T>, acc[g]);
  };
  const auto single = [=](size_t j) {
    T acc = T(0);
    for (size_t i = 0; i < n; ++i) acc = fused_scalar(weights[i], rows[i][j], acc);
    out[j] = acc;
  };
  for_blocks<T>(kWidth<T>, begin, end, block, single);
}

template <class T>
void mean_rows_of(const T* const* rows, size_t n, size_t begin, size_t end, T* out) {
  const T count = static_cast<T>(n);
  const auto block = [=]<size_t G>(size_t j) {
    Vec<T> acc[G];
    for (size_t g = 0; g < G; ++g) acc[g] = load(rows[0] + j + g * kWidth<T>);
    for (size_t i = 1; i < n; ++i) {
      for (size_t g = 0; g < G; ++g) acc[g] = acc[g] + load(rows[i] + j + g * kWidth<T>);
    }
    for (size_t g = 0; g < G; ++g) save(out + j + g * kWidth<T>, acc[g] / set1(count));
  };
  const auto single = [=](size_t j) {
    T acc = rows[0][j];
    for (size_t i = 1; i < n; ++i) acc = acc + rows[i][j];
    out[j] = acc / count;
  };
  for_blocks<T>(kWidth<T>, begin, end, block, single);
}

template <class T>
void mean_std_cols(const T* const* rows, size_t n, size_t begin, size_t end, T* mean, T* sd) {
  constexpr size_t kWide = kWidth<double>;
  const double count = static_cast<double>(n);
  const double freedom = n > 1 ? count - 1.0 : 1.0;
  const auto block = [=]<size_t G>(size_t j) {
    Vec<double> sum[G];
    for (auto& s : sum) s = zero<double>();
    for (size_t i = 0; i < n; ++i) {
      for (size_t g = 0; g < G; ++g) sum[g] = sum[g] + load_wide(rows[i] + j + g * kWide);
    }
    Vec<double> squares[G];
    for (size_t g = 0; g < G; ++g) {
      sum[g] = sum[g] / set1(count);
      squares[g] = zero<double>();
      if (mean != nullptr) save_narrow(mean + j + g * kWide, sum[g]);
    }
    if (sd == nullptr) return;
    for (size_t i = 0; i < n; ++i) {
      for (size_t g = 0; g < G; ++g) {
        const Vec<double> d = load_wide(rows[i] + j + g * kWide) - sum[g];
        squares[g] = fused(d, d, squares[g]);
      }
    }
    for (size_t g = 0; g < G; ++g) {
      save_narrow(sd + j + g * kWide, sqrt_of(squares[g] / set1(freedom)));
    }
  };
  const auto single = [=](size_t j) {
    double sum = 0.0;
    for (size_t i = 0; i < n; ++i) sum += static_cast<double>(rows[i][j]);
    const double centre = sum / count;
    double squares = 0.0;
    for (size_t i = 0; i < n; ++i) {
      const double d = static_cast<double>(rows[i][j]) - centre;
      squares = __builtin_fma(d, d, squares);
    }
    if (mean != nullptr) mean[j] = static_cast<T>(centre);
    if (sd != nullptr) sd[j] = static_cast<T>(__builtin_sqrt(squares / freedom));
  };
  for_blocks<T>(kWide, begin, end, block, single);
}

// ---- squared distances -----------------------------------------------------------------------

/// Columns whose squared differences are summed in the element type before going to double.
inline constexpr size_t kPanel = 1024;
/// Rows on each side of a tile: its accumulators, one side and two temporaries fit in registers.
inline constexpr size_t kSide = kRegisters == 32 ? 5 : 3;

template <class T>
struct Pairs {
  const T* const* rows;
  size_t n;
  size_t column;
  size_t count;  // columns of this panel
  double* acc;
};

template <class T>
using PairTile = void (*)(const Pairs<T>&, size_t i0, size_t j0);

/// All pairs of the rows i0..i0+TI and j0..j0+TJ; only i < j when the two sides are the same rows.
template <class T, size_t TI, size_t TJ, bool kSame>
void pair_tile(const Pairs<T>& p, size_t i0, size_t j0) {
  T lanes[TI][TJ][kLanes];
  const T* left_rows[TI];
  const T* right_rows[TJ];
  unroll<TI>([&](auto i) BB_INLINE { left_rows[i] = p.rows[i0 + i] + p.column; });
  unroll<TJ>([&](auto j) BB_INLINE { right_rows[j] = p.rows[j0 + j] + p.column; });
  const size_t whole = p.count / kLanes * kLanes;
  for (size_t g = 0; g < kLanes; g += kWidth<T>) {
    Vec<T> acc[TI][TJ];
    unroll<TI>([&](auto i)
                   BB_INLINE { unroll<TJ>([&](auto j) BB_INLINE { acc[i][j] = zero<T>(); }); });
    const auto step = [&](auto read) BB_INLINE {
      Vec<T> left[TI];
      unroll<TI>([&](auto i) BB_INLINE { left[i] = read(left_rows[i]); });
      unroll<TJ>([&](auto j) BB_INLINE {
        const Vec<T> right = kSame ? left[kSame ? j : 0] : read(right_rows[j]);
        unroll<TI>([&](auto i) BB_INLINE {
          if constexpr (!kSame || i < j) {
            const Vec<T> d = left[i] - right;
            acc[i][j] = fused(d, d, acc[i][j]);
          }
        });
      });
    };
    for (size_t c = 0; c < whole; c += kLanes) {
      step([at = c + g](const T* row) { return load(row + at); });
    }
    const size_t left_over = p.count - whole;
    if (left_over > g) {
      const Tail<T> tail = tail_of<T>(smaller(left_over - g, kWidth<T>));
      step([at = whole + g, tail](const T* row) { return load_tail(row + at, tail); });
    }
    unroll<TI>([&](auto i) BB_INLINE {
      unroll<TJ>([&](auto j) BB_INLINE { save(&lanes[i][j][g], acc[i][j]); });
    });
  }
  for (size_t i = 0; i < TI; ++i) {
    for (size_t j = kSame ? i + 1 : 0; j < TJ; ++j) {
      const double sum = static_cast<double>(combine_lanes(lanes[i][j]));
      p.acc[(i0 + i) * p.n + (j0 + j)] += sum;
      p.acc[(j0 + j) * p.n + (i0 + i)] += sum;
    }
  }
}

template <class T, size_t... I>
inline PairTile<T> pick_same(size_t side, std::index_sequence<I...>) {
  static constexpr PairTile<T> functions[] = {pair_tile<T, I + 1, I + 1, true>...};
  return functions[side - 1];
}
template <class T, size_t... J>
inline PairTile<T> pick_cross(size_t side, std::index_sequence<J...>) {
  static constexpr PairTile<T> functions[] = {pair_tile<T, kSide, J + 1, false>...};
  return functions[side - 1];
}

template <class T>
void distances(const T* const* rows, size_t n, size_t begin, size_t end, double* acc) {
  using Sides = std::make_index_sequence<kSide>;
  for (size_t column = begin; column < end; column += kPanel) {
    const Pairs<T> pairs = {rows, n, column, smaller(kPanel, end - column), acc};
    for (size_t i = 0; i < n; i += kSide) {
      pick_same<T>(smaller(kSide, n - i), Sides())(pairs, i, i);
      for (size_t j = i + kSide; j < n; j += kSide) {
        pick_cross<T>(smaller(kSide, n - j), Sides())(pairs, i, j);
      }
    }
  }
}

}  // namespace

extern const RowKernels row_kernels;
const RowKernels row_kernels = {
    .combine_rows_f32 = combine_rows<float>,
    .combine_rows_f64 = combine_rows<double>,
    .mean_rows_of_f32 = mean_rows_of<float>,
    .mean_rows_of_f64 = mean_rows_of<double>,
    .mean_std_cols_f32 = mean_std_cols<float>,
    .mean_std_cols_f64 = mean_std_cols<double>,
    .distances_f32 = distances<float>,
    .distances_f64 = distances<double>,
};

}  // namespace bb::kernels::BB_KERNEL_ISA
