// Squared distances between rows for one instruction set: tiles of pairs over panels of columns.
#include <utility>

#include "bb/kernels/columns.h"
#include "bb/kernels/isa/simd.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

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

/// One panel: row i starts at rows[i] + column and has `count` columns. After the first `head` of
/// them every row is aligned to a cache line (head is 0 if the rows do not agree on that).
template <class T>
struct Panel {
  const T* const* rows;
  size_t column;
  size_t count;
  size_t head;
};

/// Accumulates N sums over the panel in 16 lanes, the element of column c in lane c % 16, and
/// combines them. step(acc, read) adds read(start of a row) for the register of columns in turn.
///
/// After `head` columns the registers start at lane `head`: the lanes are kept twice in a row of
/// 32, so that a rotated register is one load.
template <class T, size_t N, class Step>
BB_INLINE inline void sum_panel(const Panel<T>& panel, Step step, T* sums) {
  T lanes[N][2 * kLanes];
  const size_t head = panel.head;
  for (size_t g = 0; head > 0 && g < kLanes; g += kWidth<T>) {
    Vec<T> acc[N];
    unroll<N>([&](auto a) BB_INLINE { acc[a] = zero<T>(); });
    if (g < head) {
      const Tail<T> tail = tail_of<T>(smaller(head - g, kWidth<T>));
      step(acc, [g, tail](const T* row) BB_INLINE { return load_tail(row + g, tail); });
    }
    unroll<N>([&](auto a) BB_INLINE {
      save(&lanes[a][g], acc[a]);
      save(&lanes[a][kLanes + g], acc[a]);
    });
  }
  const size_t end = head + (panel.count - head) / kLanes * kLanes;
  for (size_t g = 0; g < kLanes; g += kWidth<T>) {
    Vec<T> acc[N];
    if (head > 0) {
      unroll<N>([&](auto a) BB_INLINE { acc[a] = load(&lanes[a][head + g]); });
    } else {
      unroll<N>([&](auto a) BB_INLINE { acc[a] = zero<T>(); });
    }
    for (size_t c = head + g; c < end; c += kLanes) {
      step(acc, [c](const T* row) BB_INLINE { return load(row + c); });
    }
    if (panel.count > end + g) {
      const size_t at = end + g;
      const Tail<T> tail = tail_of<T>(smaller(panel.count - at, kWidth<T>));
      step(acc, [at, tail](const T* row) BB_INLINE { return load_tail(row + at, tail); });
    }
    unroll<N>([&](auto a) BB_INLINE { save(&lanes[a][head + g], acc[a]); });
  }
  for (size_t a = 0; a < N; ++a) {
    T straight[kLanes];
    for (size_t g = 0; g < kLanes; g += kWidth<T>) {
      Vec<T> part = load(&lanes[a][g]);
      if (head > 0) {
        const auto wrapped = load(kLaneNumbers<T> + g) < set1(static_cast<T>(head));
        part = choose(wrapped, load(&lanes[a][kLanes + g]), part);
      }
      save(straight + g, part);
    }
    sums[a] = combine_lanes(straight);
  }
}

/// sums[i * TJ + j] = sum over the panel for the rows i0 + i and j0 + j, in the pairs that kTerm
/// names.
template <class T, size_t TI, size_t TJ, Term kTerm>
void sum_tile(const Panel<T>& panel, size_t i0, size_t j0, T* sums) {
  const T* left_rows[TI];
  const T* right_rows[TJ];
  unroll<TI>([&](auto i) BB_INLINE { left_rows[i] = panel.rows[i0 + i] + panel.column; });
  unroll<TJ>([&](auto j) BB_INLINE { right_rows[j] = panel.rows[j0 + j] + panel.column; });
  const auto step = [&](Vec<T>(&acc)[TI* TJ], auto read) BB_INLINE {
    Vec<T> left[TI];
    unroll<TI>([&](auto i) BB_INLINE { left[i] = read(left_rows[i]); });
    unroll<TJ>([&](auto j) BB_INLINE {
      const Vec<T> right = is_within(kTerm) ? left[is_within(kTerm) ? j : 0] : read(right_rows[j]);
      unroll<TI>([&](auto i) BB_INLINE {
        if constexpr (is_within(kTerm) && i >= j) {
          return;
        } else if constexpr (is_difference(kTerm)) {
          const Vec<T> d = left[i] - right;
          acc[i * TJ + j] = fused(d, d, acc[i * TJ + j]);
        } else {
          acc[i * TJ + j] = fused(left[i], right, acc[i * TJ + j]);
        }
      });
    });
  };
  sum_panel<T, TI * TJ>(panel, step, sums);
}

template <class T>
using SumTile = void (*)(const Panel<T>&, size_t, size_t, T*);

/// Tiles of kSide by 1..kSide rows, or of 1..kSide rows with themselves.
template <class T, Term kTerm, size_t... I>
inline SumTile<T> pick_tile(size_t right, std::index_sequence<I...>) {
  static constexpr SumTile<T> functions[] = {sum_tile < T, is_within(kTerm) ? I + 1 : kSide, I + 1,
                                             kTerm > ...};
  return functions[right - 1];
}
template <class T, Term kTerm>
inline void run_tile(const Panel<T>& panel, size_t i, size_t j, size_t right, T* sums) {
  pick_tile<T, kTerm>(right, std::make_index_sequence<kSide>())(panel, i, j, sums);
}

template <class T>
inline double difference(const Panel<T>& panel, size_t i, size_t j) {
  T sum;
  sum_tile<T, 1, 1, Term::kDifference>(panel, i, j, &sum);
  return static_cast<double>(sum);
}

/// Squared norms of the panel's rows, four rows at a time to keep several chains in flight.
template <class T>
void squared_norms(const Panel<T>& panel, size_t n, double* norms) {
  for (size_t row = 0; row < n; row += 4) {
    const T* starts[4];
    for (size_t r = 0; r < 4; ++r) {
      starts[r] = panel.rows[smaller(row + r, n - 1)] + panel.column;
    }
    const auto step = [&](Vec<T>(&acc)[4], auto read) BB_INLINE {
      unroll<4>([&](auto r) BB_INLINE {
        const Vec<T> x = read(starts[r]);
        acc[r] = fused(x, x, acc[r]);
      });
    };
    T sums[4];
    sum_panel<T, 4>(panel, step, sums);
    for (size_t r = 0; r < smaller(4, n - row); ++r) {
      norms[row + r] = static_cast<double>(sums[r]);
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
    run_tile<T, kWithin>(panel, i, i, left, sums);
    add_tile<T, kProducts>(panel, n, norms, i, left, i, left, sums, acc);
    for (size_t j = i + kSide; j < n; j += kSide) {
      const size_t right = smaller(kSide, n - j);
      run_tile<T, kBetween>(panel, i, j, right, sums);
      add_tile<T, kProducts>(panel, n, norms, i, left, j, right, sums, acc);
    }
  }
}

template <class T>
void distances(const T* const* rows, size_t n, size_t begin, size_t end, double* acc) {
  const size_t head = columns_to_line(rows, n, begin);
  for (size_t column = begin; column < end; column += kPanel) {
    const size_t count = smaller(kPanel, end - column);
    const Panel<T> panel = {rows, column, count, smaller(head, count)};
    if (n <= kMostDirect || n > kMostNorms) {
      add_panel<T, false>(panel, n, acc);
    } else {
      add_panel<T, true>(panel, n, acc);
    }
  }
}

}  // namespace

extern const DistanceKernels distance_kernels;
const DistanceKernels distance_kernels = {
    .distances_f32 = distances<float>,
    .distances_f64 = distances<double>,
};

}  // namespace bb::kernels::BB_KERNEL_ISA
