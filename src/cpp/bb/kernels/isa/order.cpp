// Coordinate-wise order statistics for one instruction set: columns in lanes, sorting networks over
// rows.
#include "bb/kernels/columns.h"
#include "bb/kernels/isa/network.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

/// Bytes read ahead of the columns in work; rows are separate streams that hardware follows poorly.
inline constexpr size_t kPrefetchBytes = 4096;

template <class T>
inline void prefetch(const T* p) {
  __builtin_prefetch(reinterpret_cast<const char*>(p) + kPrefetchBytes);
}

/// The mean of two values without overflow.
template <class T>
inline Vec<T> middle_of(Vec<T> a, Vec<T> b) {
  const Vec<T> half = set1(T(0.5));
  const Vec<T> sum = a + b;
  return choose(abs_of(sum) < set1(infinity<T>()), sum * half, a * half + b * half);
}

/// `flag` stays 0 while all x are finite and is NaN from the first other one on.
template <class T>
[[gnu::always_inline]] inline Vec<T> flagged(Vec<T> flag, Vec<T> x) {
  if constexpr (kWidth<T> == 1)
    return flag + x * zero<T>();  // the portable body has no fast fused form
  else
    return fused(x, zero<T>(), flag);
}
template <class T>
inline bool unflagged(Vec<T> flag) {
  return mask_bits(flag == zero<T>()) == (1U << kWidth<T>)-1U;
}

template <class T, size_t N>
[[gnu::always_inline]] inline void load_rows(const T* const* rows, size_t column, Vec<T> (&v)[N]) {
  unroll<N>([&](auto i) BB_INLINE {
    const T* p = rows[i] + column;
    prefetch(p);
    v[i] = load(p);
  });
}
template <class T, size_t N>
[[gnu::always_inline]] inline void sort_clean(Vec<T> (&v)[N]) {
  unroll<N>([&](auto i) BB_INLINE { v[i] = clean(v[i]); });
  Sorter<N>::sort(v);
}

/// Sorts the columns [begin, end) of N rows, whole registers, into panel[N][kPanelColumns]. Says
/// whether all values are finite, as the smallest and the largest show.
template <class T, size_t N>
bool sort_rows(const T* const* rows, size_t begin, size_t end, T* panel) {
  Vec<T> flag = zero<T>();
  for (size_t column = begin; column < end; column += kWidth<T>, panel += kWidth<T>) {
    Vec<T> v[N];
    load_rows(rows, column, v);
    sort_clean(v);
    flag = flagged(flagged(flag, v[0]), v[N - 1]);
    unroll<N>([&](auto i) BB_INLINE { save(panel + i * kPanelColumns<T>, v[i]); });
  }
  return unflagged(flag);
}

/// Median of N rows, whole registers; the compiler drops the comparators that the middle does not
/// need. Says whether all values are finite.
template <class T, size_t N>
bool median_rows(const T* const* rows, size_t begin, size_t end, T* out) {
  Vec<T> flag = zero<T>();
  for (size_t column = begin; column < end; column += kWidth<T>) {
    Vec<T> v[N];
    load_rows(rows, column, v);
    Vec<T> group = zero<T>();  // one chain per group: `flag` alone would tie the groups together
    unroll<N>([&](auto i) BB_INLINE { group = flagged(group, v[i]); });
    flag = flag + group;
    sort_clean(v);
    const Vec<T> middle = N % 2 == 1 ? v[N / 2] : middle_of(v[(N - 1) / 2], v[N / 2]);
    save(out + column, middle + zero<T>());
  }
  return unflagged(flag);
}

template <class T>
using InRegisters = bool (*)(const T* const* rows, size_t begin, size_t end, T* out);

template <class T, size_t... I>
inline InRegisters<T> pick_sort(size_t n, std::index_sequence<I...>) {
  static constexpr InRegisters<T> functions[] = {sort_rows<T, I + 1>...};
  return functions[n - 1];
}
template <class T, size_t... I>
inline InRegisters<T> pick_median(size_t n, std::index_sequence<I...>) {
  static constexpr InRegisters<T> functions[] = {median_rows<T, I + 1>...};
  return functions[n - 1];
}
using UpToMost = std::make_index_sequence<kMostInRegisters>;

/// Copies of fewer columns than a register holds, padded with zeros to one register per row.
template <class T>
struct ShortRows {
  T values[kMostInRegisters][kWidth<T>];
  const T* rows[kMostInRegisters];

  ShortRows(const T* const* from, size_t n, size_t begin, size_t end) {
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < kWidth<T>; ++j) {
        values[i][j] = begin + j < end ? from[i][begin + j] : T(0);
      }
      rows[i] = values[i];
    }
  }
};

/// Sorts `count` columns of up to kMostInRegisters rows into the panel. A last partial register
/// begins early instead and sorts some columns twice.
template <class T>
bool sort_group(const T* const* rows, size_t n, size_t column, size_t count, T* panel) {
  const InRegisters<T> sort = pick_sort<T>(n, UpToMost());
  if (count < kWidth<T>) {
    const ShortRows<T> copy(rows, n, column, column + count);
    return sort(copy.rows, 0, kWidth<T>, panel);
  }
  const size_t whole = count / kWidth<T> * kWidth<T>;
  const bool finite = sort(rows, column, column + whole, panel);
  if (whole == count) return finite;
  const size_t last = count - kWidth<T>;
  return sort(rows, column + last, column + count, panel + last) && finite;
}

/// Fills the panel with the sorted columns; rows first..last of it are final.
template <class T>
bool sort_panel(const T* const* rows, size_t n, size_t column, size_t count, size_t first,
                size_t last, T* panel) {
  bool finite = true;
  for (size_t i = 0; i < n; i += kMostInRegisters) {
    const size_t group = smaller(kMostInRegisters, n - i);
    finite &= sort_group(rows + i, group, column, count, panel + i * kPanelColumns<T>);
  }
  merge_panel(panel, n, first, last);
  return finite;
}

/// Sorts panel after panel and writes finish(sorted column registers) to out.
template <class T, class Finish>
inline bool for_sorted(const T* const* rows, size_t n, size_t begin, size_t end, size_t first,
                       size_t last, T* out, void* scratch, Finish finish) {
  alignas(64) T local[kMostInRegisters * kPanelColumns<T>];
  T* panel = n <= kMostInRegisters ? local : static_cast<T*>(scratch);
  size_t count = columns_to_line(rows, n, begin);  // the first panel ends at a cache line
  if (count == 0) count = kPanelColumns<T>;
  bool finite = true;
  for (size_t column = begin; column < end; column += count, count = kPanelColumns<T>) {
    count = smaller(count, end - column);
    // A partial panel is merged whole: its unused columns must hold numbers.
    if (count < kPanelColumns<T>) {
      for (size_t i = 0; i < n * kPanelColumns<T>; ++i) panel[i] = T(0);
    }
    finite &= sort_panel(rows, n, column, count, first, last, panel);
    const size_t whole = count / kWidth<T> * kWidth<T>;
    for (size_t at = 0; at < whole; at += kWidth<T>) {
      save(out + column + at, finish(panel + at) + zero<T>());
    }
    if (whole < count) {
      save_tail(out + column + whole, finish(panel + whole) + zero<T>(), tail_of<T>(count - whole));
    }
  }
  return finite;
}

/// Row i of a sorted panel.
template <class T>
inline Vec<T> sorted_at(const T* panel, size_t i) {
  return load(panel + i * kPanelColumns<T>);
}

template <class T>
inline Vec<T> median_of(const T* panel, size_t n) {
  const Vec<T> upper = sorted_at(panel, n / 2);
  return n % 2 == 1 ? upper : middle_of(sorted_at(panel, n / 2 - 1), upper);
}

/// First and last registers may overlap their neighbours, so that all others are aligned and whole.
template <class T>
bool median_in_registers(const T* const* rows, size_t n, size_t begin, size_t end, T* out) {
  constexpr size_t kStep = kWidth<T>;
  const InRegisters<T> median = pick_median<T>(n, UpToMost());
  if (end - begin < kStep) {
    const ShortRows<T> copy(rows, n, begin, end);
    T values[kStep];
    const bool finite = median(copy.rows, 0, kStep, values);
    for (size_t j = begin; j < end; ++j) out[j] = values[j - begin];
    return finite;
  }
  const size_t start = begin + columns_to_line(rows, n, begin) % kStep;
  const size_t stop = start + (end - start) / kStep * kStep;
  bool finite = median(rows, start, stop, out);
  if (start > begin) finite &= median(rows, begin, begin + kStep, out);
  if (stop < end) finite &= median(rows, end - kStep, end, out);
  return finite;
}

template <class T>
bool median_cols(const T* const* rows, size_t n, size_t begin, size_t end, T* out, void* scratch) {
  if (n <= kMostInRegisters) return median_in_registers(rows, n, begin, end, out);
  return for_sorted(rows, n, begin, end, (n - 1) / 2, n / 2, out, scratch,
                    [n](const T* panel) { return median_of(panel, n); });
}

template <class T>
bool trimmed_mean_cols(const T* const* rows, size_t n, size_t f, size_t begin, size_t end, T* out,
                       void* scratch) {
  const Vec<T> kept = set1(static_cast<T>(n - 2 * f));
  return for_sorted(rows, n, begin, end, f, n - f - 1, out, scratch, [=](const T* panel) {
    Vec<T> sum = sorted_at(panel, f);
    for (size_t i = f + 1; i < n - f; ++i) sum = sum + sorted_at(panel, i);
    return divide(sum, kept);
  });
}

/// Mean of the `keep` sorted values closest to the median; NaN where two different values compete
/// for the last place. The window moves up while the value it would lose is farther than the next.
template <class T>
inline Vec<T> nearest_window_mean(const T* panel, size_t n, size_t keep) {
  const Vec<T> median = median_of(panel, n);
  Vec<T> start = zero<T>();
  Vec<T> tied = zero<T>();
  for (size_t s = 0; s + keep < n; ++s) {
    const Vec<T> low = sorted_at(panel, s);
    const Vec<T> high = sorted_at(panel, s + keep);
    const Vec<T> below = median - low;
    const Vec<T> above = high - median;
    start = choose(below > above, set1(static_cast<T>(s + 1)), start);
    const Vec<T> differ = choose(high > low, set1(T(1)), zero<T>());
    tied = choose(below == above, differ, tied);
  }
  const Vec<T> stop = start + set1(static_cast<T>(keep));
  Vec<T> sum = zero<T>();
  for (size_t i = 0; i < n; ++i) {
    const Vec<T> index = set1(static_cast<T>(i));
    const Vec<T> value = choose(index < start, zero<T>(), sorted_at(panel, i));
    sum = sum + choose(index < stop, value, zero<T>());
  }
  return choose(tied > zero<T>(), set1(not_a_number<T>()), divide(sum, set1(static_cast<T>(keep))));
}

template <class T>
bool closest_to_median_mean_cols(const T* const* rows, size_t n, size_t keep, size_t begin,
                                 size_t end, T* out, void* scratch) {
  return for_sorted(rows, n, begin, end, 0, n - 1, out, scratch,
                    [=](const T* panel) { return nearest_window_mean(panel, n, keep); });
}

}  // namespace

extern const OrderKernels order_kernels;
const OrderKernels order_kernels = {
    .median_cols_f32 = median_cols<float>,
    .median_cols_f64 = median_cols<double>,
    .trimmed_mean_cols_f32 = trimmed_mean_cols<float>,
    .trimmed_mean_cols_f64 = trimmed_mean_cols<double>,
    .closest_to_median_mean_cols_f32 = closest_to_median_mean_cols<float>,
    .closest_to_median_mean_cols_f64 = closest_to_median_mean_cols<double>,
};

}  // namespace bb::kernels::BB_KERNEL_ISA
