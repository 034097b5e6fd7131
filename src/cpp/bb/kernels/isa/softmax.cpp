// Softmax, log-softmax and cross-entropy over rows for one instruction set.
#include "bb/kernels/isa/elementary.h"
#include "bb/kernels/reduce.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

template <class T>
inline constexpr size_t kGroups = kLanes / kWidth<T>;

template <class T, class F>
inline void map_row(const T* x, T* y, size_t n, F f) {
  const size_t whole = n / kWidth<T> * kWidth<T>;
  for (size_t i = 0; i < whole; i += kWidth<T>) save(y + i, f(load(x + i)));
  if (whole == n) return;
  const Tail<T> tail = tail_of<T>(n - whole);
  save_tail(y + whole, f(load_tail(x + whole, tail)), tail);
}

/// 16 lanes of a row in registers.
template <class T>
struct Lanes {
  Vec<T> part[kGroups<T>];
};

template <class T>
BB_INLINE inline Lanes<T> filled(T value) {
  Lanes<T> lanes;
  unroll<kGroups<T>>([&](auto g) BB_INLINE { lanes.part[g] = set1(value); });
  return lanes;
}

/// Up to 16 elements of a row; lanes beyond `count` hold -infinity, which changes no maximum and
/// whose exponential is 0.
template <class T>
BB_INLINE inline Lanes<T> load_lanes(const T* x, size_t count) {
  Lanes<T> lanes;
  unroll<kGroups<T>>([&](auto g) BB_INLINE {
    constexpr size_t at = g * kWidth<T>;
    if (count >= at + kWidth<T>) {
      lanes.part[g] = load(x + at);
      return;
    }
    const Tail<T> tail = tail_of<T>(count > at ? count - at : 0);
    const auto used = load(kLaneNumbers<T> + at) < set1(static_cast<T>(count));
    lanes.part[g] = choose(used, load_tail(x + at, tail), set1(-infinity<T>()));
  });
  return lanes;
}
template <class T>
BB_INLINE inline void save_lanes(T* y, size_t count, const Lanes<T>& lanes) {
  unroll<kGroups<T>>([&](auto g) BB_INLINE {
    constexpr size_t at = g * kWidth<T>;
    if (count >= at + kWidth<T>) {
      save(y + at, lanes.part[g]);
    } else if (count > at) {
      save_tail(y + at, lanes.part[g], tail_of<T>(count - at));
    }
  });
}
template <class T, class F>
BB_INLINE inline Lanes<T> map_lanes(Lanes<T> a, Lanes<T> b, F f) {
  Lanes<T> y;
  unroll<kGroups<T>>([&](auto g) BB_INLINE { y.part[g] = f(a.part[g], b.part[g]); });
  return y;
}

/// The largest lane, or NaN if a lane is NaN.
template <class T>
BB_INLINE inline T largest_lane(const Lanes<T>& lanes) {
  T values[kLanes];
  unsigned missing = 0;
  unroll<kGroups<T>>([&](auto g) BB_INLINE {
    save(values + g * kWidth<T>, lanes.part[g]);
    missing |= mask_bits(lanes.part[g] == lanes.part[g]) ^ ((1U << kWidth<T>)-1U);
  });
  return missing != 0 ? not_a_number<T>() : largest_number(values);
}
template <class T>
BB_INLINE inline T sum_lanes(const Lanes<T>& lanes) {
  T values[kLanes];
  unroll<kGroups<T>>([&](auto g) BB_INLINE { save(values + g * kWidth<T>, lanes.part[g]); });
  return combine_lanes(values);
}

/// a, or b if b is larger or NaN; a NaN stays.
template <class T>
BB_INLINE inline Lanes<T> larger_or_nan(const Lanes<T>& a, const Lanes<T>& b) {
  return map_lanes(
      a, b, [](Vec<T> p, Vec<T> q) BB_INLINE { return choose(q > p, q, choose(q == q, p, q)); });
}
template <class T>
BB_INLINE inline Lanes<T> exp_lanes(const Lanes<T>& x, T shift) {
  return map_lanes(x, filled(shift), [](Vec<T> p, Vec<T> q) BB_INLINE { return exp_of(p - q); });
}
template <class T>
BB_INLINE inline Lanes<T> add_lanes(const Lanes<T>& a, const Lanes<T>& b) {
  return map_lanes(a, b, [](Vec<T> p, Vec<T> q) BB_INLINE { return p + q; });
}

template <class T>
inline T row_max(const T* x, size_t n) {
  Lanes<T> best = filled(-infinity<T>());
  for (size_t i = 0; i < n; i += kLanes) {
    best = larger_or_nan(best, load_lanes(x + i, smaller(kLanes, n - i)));
  }
  return largest_lane(best);
}

/// Sum of exp(x - top) in 16 lanes.
template <class T>
inline T sum_exp(const T* x, size_t n, T top) {
  Lanes<T> sum = filled(T(0));
  for (size_t i = 0; i < n; i += kLanes) {
    sum = add_lanes(sum, exp_lanes(load_lanes(x + i, smaller(kLanes, n - i)), top));
  }
  return sum_lanes(sum);
}

/// Softmax of a row of at most 16 elements, in registers.
template <class T>
inline void short_softmax(const T* x, T* y, size_t n) {
  const Lanes<T> row = load_lanes(x, n);
  const Lanes<T> e = exp_lanes(row, largest_lane(row));
  const Lanes<T> sum = filled(sum_lanes(e));
  save_lanes(y, n, map_lanes(e, sum, [](Vec<T> p, Vec<T> q) BB_INLINE { return divide(p, q); }));
}

/// The same for longer rows: exponentials go through y.
template <class T>
inline void long_softmax(const T* x, T* y, size_t n) {
  const T top = row_max(x, n);
  Lanes<T> sum = filled(T(0));
  for (size_t i = 0; i < n; i += kLanes) {
    const size_t count = smaller(kLanes, n - i);
    const Lanes<T> e = exp_lanes(load_lanes(x + i, count), top);
    sum = add_lanes(sum, e);
    save_lanes(y + i, count, e);
  }
  const Vec<T> total = set1(sum_lanes(sum));
  map_row(y, y, n, [total](Vec<T> e) { return divide(e, total); });
}

template <class T>
inline T log_scalar(T x) {
  T lanes[kWidth<T>];
  save(lanes, log_of(set1(x)));
  return lanes[0];
}

template <class T>
void softmax(const T* x, T* y, size_t m, size_t n) {
  for (size_t i = 0; i < m * n; i += n) {
    if (n <= kLanes) {
      short_softmax(x + i, y + i, n);
    } else {
      long_softmax(x + i, y + i, n);
    }
  }
}

/// y = (x - top) - log_sum.
template <class T>
inline void log_softmax_row(const T* x, T* y, size_t n, T top, T log_sum) {
  map_row(x, y, n, [a = set1(top), b = set1(log_sum)](Vec<T> v) { return (v - a) - b; });
}
template <class T>
void log_softmax(const T* x, T* y, size_t m, size_t n) {
  for (size_t i = 0; i < m; ++i) {
    const T* row = x + i * n;
    const T top = row_max(row, n);
    const T log_sum = log_scalar(sum_exp(row, n, top));
    log_softmax_row(row, y + i * n, n, top, log_sum);
  }
}

template <class T>
int64_t cross_entropy(const T* logits, const int64_t* labels, size_t m, size_t n, T* losses,
                      T* log_probs) {
  for (size_t i = 0; i < m; ++i) {
    if (labels[i] < 0 || static_cast<uint64_t>(labels[i]) >= n) return static_cast<int64_t>(i);
  }
  for (size_t i = 0; i < m; ++i) {
    const T* row = logits + i * n;
    const T top = row_max(row, n);
    const T log_sum = log_scalar(sum_exp(row, n, top));
    losses[i] = -((row[labels[i]] - top) - log_sum);
    if (log_probs != nullptr) log_softmax_row(row, log_probs + i * n, n, top, log_sum);
  }
  return -1;
}

template <class T>
void cross_entropy_backward(const T* log_probs, const int64_t* labels, size_t m, size_t n, T scale,
                            T* dx) {
  for (size_t i = 0; i < m; ++i) {
    T* out = dx + i * n;
    map_row(log_probs + i * n, out, n, [](Vec<T> v) { return exp_of(v); });
    out[labels[i]] = out[labels[i]] - T(1);
    map_row(out, out, n, [v = set1(scale)](Vec<T> e) { return e * v; });
  }
}

}  // namespace

extern const SoftmaxKernels softmax_kernels;
const SoftmaxKernels softmax_kernels = {
    .softmax_f32 = softmax<float>,
    .softmax_f64 = softmax<double>,
    .log_softmax_f32 = log_softmax<float>,
    .log_softmax_f64 = log_softmax<double>,
    .cross_entropy_f32 = cross_entropy<float>,
    .cross_entropy_f64 = cross_entropy<double>,
    .cross_entropy_backward_f32 = cross_entropy_backward<float>,
    .cross_entropy_backward_f64 = cross_entropy_backward<double>,
};

}  // namespace bb::kernels::BB_KERNEL_ISA
