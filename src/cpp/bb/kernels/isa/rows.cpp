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
/// Up to so many rows every pair is computed by differences; beyond, by inner products.
inline constexpr size_t kMostDirect = 32;
/// Most rows whose squared norms fit on the stack; more rows are computed by differences.
inline constexpr size_t kMostNorms = 1024;
/// A squared distance below this part of the two squared norms is computed again by differences,
/// because |x|^2 + |y|^2 - 2 x.y loses its leading bits.
inline constexpr double kCancelled = 0.0625;

/// What a tile sums: (x - y)^2 or x * y over all its pairs, or over the pairs i < j of one set of
/// rows.
enum class Term { kDifference, kProduct, kDifferenceWithin, kProductWithin };
constexpr bool is_within(Term term) {
  return term == Term::kDifferenceWithin || term == Term::kProductWithin;
}
constexpr bool is_difference(Term term) {
  return term == Term::kDifference || term == Term::kDifferenceWithin;
}

/// One panel: row i starts at rows[i] + column and has `count` columns.
template <class T>
struct Panel {
  const T* const* rows;
  size_t column;
  size_t count;
};

/// sums[i * TJ + j] = sum over the panel for the rows i0 + i and j0 + j, in the pairs that kTerm
/// names.
template <class T, size_t TI, size_t TJ, Term kTerm>
void sum_tile(const Panel<T>& panel, size_t i0, size_t j0, T* sums) {
  T lanes[TI][TJ][kLanes];
  const T* left_rows[TI];
  const T* right_rows[TJ];
  unroll<TI>([&](auto i) BB_INLINE { left_rows[i] = panel.rows[i0 + i] + panel.column; });
  unroll<TJ>([&](auto j) BB_INLINE { right_rows[j] = panel.rows[j0 + j] + panel.column; });
  const size_t whole = panel.count / kLanes * kLanes;
  const size_t left_over = panel.count - whole;
  for (size_t g = 0; g < kLanes; g += kWidth<T>) {
    Vec<T> acc[TI][TJ];
    unroll<TI>([&](auto i)
                   BB_INLINE { unroll<TJ>([&](auto j) BB_INLINE { acc[i][j] = zero<T>(); }); });
    const auto step = [&](auto read) BB_INLINE {
      Vec<T> left[TI];
      unroll<TI>([&](auto i) BB_INLINE { left[i] = read(left_rows[i]); });
      unroll<TJ>([&](auto j) BB_INLINE {
        const Vec<T> right =
            is_within(kTerm) ? left[is_within(kTerm) ? j : 0] : read(right_rows[j]);
        unroll<TI>([&](auto i) BB_INLINE {
          if constexpr (is_within(kTerm) && i >= j) {
            return;
          } else if constexpr (is_difference(kTerm)) {
            const Vec<T> d = left[i] - right;
            acc[i][j] = fused(d, d, acc[i][j]);
          } else {
            acc[i][j] = fused(left[i], right, acc[i][j]);
          }
        });
      });
    };
    for (size_t c = g; c < whole; c += kLanes) {
      step([c](const T* row) BB_INLINE { return load(row + c); });
    }
    if (left_over > g) {
      const Tail<T> tail = tail_of<T>(smaller(left_over - g, kWidth<T>));
      step([at = whole + g, tail](const T* row) BB_INLINE { return load_tail(row + at, tail); });
    }
    unroll<TI>([&](auto i) BB_INLINE {
      unroll<TJ>([&](auto j) BB_INLINE { save(&lanes[i][j][g], acc[i][j]); });
    });
  }
  for (size_t i = 0; i < TI; ++i) {
    for (size_t j = 0; j < TJ; ++j) sums[i * TJ + j] = combine_lanes(lanes[i][j]);
  }
}

template <class T>
using SumTile = void (*)(const Panel<T>&, size_t, size_t, T*);

template <class T, Term kTerm, size_t... I>
inline SumTile<T> pick_tile(size_t left, size_t right, std::index_sequence<I...>) {
  static constexpr SumTile<T> functions[] = {sum_tile<T, I / kSide + 1, I % kSide + 1, kTerm>...};
  return functions[(left - 1) * kSide + right - 1];
}
template <class T, Term kTerm, size_t... I>
inline SumTile<T> pick_within(size_t side, std::index_sequence<I...>) {
  static constexpr SumTile<T> functions[] = {sum_tile<T, I + 1, I + 1, kTerm>...};
  return functions[side - 1];
}
template <class T, Term kTerm>
inline void run_tile(const Panel<T>& panel, size_t i, size_t left, size_t j, size_t right,
                     T* sums) {
  if constexpr (is_within(kTerm)) {
    pick_within<T, kTerm>(left, std::make_index_sequence<kSide>())(panel, i, i, sums);
  } else {
    pick_tile<T, kTerm>(left, right, std::make_index_sequence<kSide * kSide>())(panel, i, j, sums);
  }
}

template <class T>
inline double difference(const Panel<T>& panel, size_t i, size_t j) {
  T sum;
  run_tile<T, Term::kDifference>(panel, i, 1, j, 1, &sum);
  return static_cast<double>(sum);
}

/// Squared norms of the panel's rows, four rows at a time to keep several chains in flight.
template <class T>
void squared_norms(const Panel<T>& panel, size_t n, double* norms) {
  for (size_t row = 0; row < n; row += 4) {
    const T* p[4];
    for (size_t r = 0; r < 4; ++r) p[r] = panel.rows[smaller(row + r, n - 1)] + panel.column;
    T lanes[4][kLanes];
    const size_t whole = panel.count / kLanes * kLanes;
    for (size_t g = 0; g < kLanes; g += kWidth<T>) {
      Vec<T> acc[4] = {zero<T>(), zero<T>(), zero<T>(), zero<T>()};
      const auto step = [&](auto read) BB_INLINE {
        unroll<4>([&](auto r) BB_INLINE {
          const Vec<T> x = read(p[r]);
          acc[r] = fused(x, x, acc[r]);
        });
      };
      for (size_t c = g; c < whole; c += kLanes) {
        step([c](const T* row_start) BB_INLINE { return load(row_start + c); });
      }
      if (panel.count > whole + g) {
        const Tail<T> tail = tail_of<T>(smaller(panel.count - whole - g, kWidth<T>));
        step([at = whole + g, tail](const T* row_start)
                 BB_INLINE { return load_tail(row_start + at, tail); });
      }
      unroll<4>([&](auto r) BB_INLINE { save(&lanes[r][g], acc[r]); });
    }
    for (size_t r = 0; r < smaller(4, n - row); ++r) {
      norms[row + r] = static_cast<double>(combine_lanes(lanes[r]));
    }
  }
}

/// Squared distance from an inner product, or by differences where that would be inaccurate.
template <class T>
inline double from_product(const Panel<T>& panel, size_t i, size_t j, double norms,
                           double product) {
  const double distance = norms - 2.0 * product;
  // Written so that NaN and infinity also take the accurate way.
  if (distance >= kCancelled * norms && norms < infinity<double>()) return distance;
  return difference(panel, i, j);
}

/// Adds one tile's sums to both halves of acc.
template <class T, bool kProducts>
inline void add_tile(const Panel<T>& panel, size_t n, const double* norms, size_t i0, size_t left,
                     size_t j0, size_t right, const T* sums, double* acc) {
  for (size_t i = 0; i < left; ++i) {
    for (size_t j = i0 == j0 ? i + 1 : 0; j < right; ++j) {
      double sum = static_cast<double>(sums[i * right + j]);
      if constexpr (kProducts) {
        sum = from_product(panel, i0 + i, j0 + j, norms[i0 + i] + norms[j0 + j], sum);
      }
      acc[(i0 + i) * n + j0 + j] += sum;
      acc[(j0 + j) * n + i0 + i] += sum;
    }
  }
}

template <class T, bool kProducts>
void add_panel(const Panel<T>& panel, size_t n, double* acc) {
  constexpr Term kBetween = kProducts ? Term::kProduct : Term::kDifference;
  constexpr Term kWithin = kProducts ? Term::kProductWithin : Term::kDifferenceWithin;
  double norms[kProducts ? kMostNorms : 1];
  if constexpr (kProducts) squared_norms(panel, n, norms);
  T sums[kSide * kSide];
  for (size_t i = 0; i < n; i += kSide) {
    const size_t left = smaller(kSide, n - i);
    run_tile<T, kWithin>(panel, i, left, i, left, sums);
    add_tile<T, kProducts>(panel, n, norms, i, left, i, left, sums, acc);
    for (size_t j = i + kSide; j < n; j += kSide) {
      const size_t right = smaller(kSide, n - j);
      run_tile<T, kBetween>(panel, i, left, j, right, sums);
      add_tile<T, kProducts>(panel, n, norms, i, left, j, right, sums, acc);
    }
  }
}

template <class T>
void distances(const T* const* rows, size_t n, size_t begin, size_t end, double* acc) {
  for (size_t column = begin; column < end; column += kPanel) {
    const Panel<T> panel = {rows, column, smaller(kPanel, end - column)};
    if (n <= kMostDirect || n > kMostNorms) {
      add_panel<T, false>(panel, n, acc);
    } else {
      add_panel<T, true>(panel, n, acc);
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
