// Softmax, log-softmax and cross-entropy over rows for one instruction set.
#include "bb/kernels/isa/elementary.h"
#include "bb/kernels/reduce.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

template <class T>
inline constexpr size_t kGroups = kLanes / kWidth<T>;

template <class T>
inline Vec<T> larger_or_nan(Vec<T> a, Vec<T> b) {
  return choose(b > a, b, choose(b == b, a, b));
}

/// The last n % 16 elements of a row, filled up with -infinity: they change no maximum and exp
/// of them is 0.
template <class T>
inline void copy_tail(const T* x, size_t count, T (&lanes)[kLanes]) {
  for (T& lane : lanes) lane = -infinity<T>();
  for (size_t i = 0; i < count; ++i) lanes[i] = x[i];
}

template <class T>
inline T row_max(const T* x, size_t n) {
  Vec<T> acc[kGroups<T>];
  for (auto& lane : acc) lane = set1(-infinity<T>());
  const size_t whole = n / kLanes * kLanes;
  T last[kLanes];
  copy_tail(x + whole, n - whole, last);
  for (size_t i = 0; i < whole; i += kLanes) {
    for (size_t g = 0; g < kGroups<T>; ++g) {
      acc[g] = larger_or_nan(acc[g], load(x + i + g * kWidth<T>));
    }
  }
  for (size_t g = 0; g < kGroups<T>; ++g) {
    acc[g] = larger_or_nan(acc[g], load(last + g * kWidth<T>));
    save(last + g * kWidth<T>, acc[g]);
  }
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) {
      const T a = last[i];
      const T b = last[i + half];
      last[i] = b > a || b != b ? b : a;
    }
  }
  return last[0];
}

/// Sum of exp(x - top) in 16 lanes; also writes the exponentials to `out` unless it is null.
template <class T>
inline T sum_exp(const T* x, size_t n, T top, T* out) {
  const Vec<T> shift = set1(top);
  Vec<T> acc[kGroups<T>];
  for (auto& lane : acc) lane = zero<T>();
  const size_t whole = n / kLanes * kLanes;
  T last[kLanes];
  copy_tail(x + whole, n - whole, last);
  for (size_t i = 0; i < whole; i += kLanes) {
    for (size_t g = 0; g < kGroups<T>; ++g) {
      const Vec<T> e = exp_of(load(x + i + g * kWidth<T>) - shift);
      acc[g] = acc[g] + e;
      if (out != nullptr) save(out + i + g * kWidth<T>, e);
    }
  }
  if (whole < n) {
    for (size_t g = 0; g < kGroups<T>; ++g) {
      const Vec<T> e = exp_of(load(last + g * kWidth<T>) - shift);
      acc[g] = acc[g] + e;
      save(last + g * kWidth<T>, e);
    }
    for (size_t i = whole; out != nullptr && i < n; ++i) out[i] = last[i - whole];
  }
  for (size_t g = 0; g < kGroups<T>; ++g) save(last + g * kWidth<T>, acc[g]);
  return combine_lanes(last);
}

template <class T, class F>
inline void map_row(const T* x, T* y, size_t n, F f) {
  const size_t whole = n / kWidth<T> * kWidth<T>;
  for (size_t i = 0; i < whole; i += kWidth<T>) save(y + i, f(load(x + i)));
  if (whole == n) return;
  const Tail<T> tail = tail_of<T>(n - whole);
  save_tail(y + whole, f(load_tail(x + whole, tail)), tail);
}

template <class T>
inline T log_scalar(T x) {
  T lanes[kWidth<T>];
  save(lanes, log_of(set1(x)));
  return lanes[0];
}

template <class T>
void softmax(const T* x, T* y, size_t m, size_t n) {
  for (size_t i = 0; i < m; ++i) {
    T* out = y + i * n;
    const T sum = sum_exp(x + i * n, n, row_max(x + i * n, n), out);
    map_row(out, out, n, [v = set1(sum)](Vec<T> e) { return e / v; });
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
    const T log_sum = log_scalar(sum_exp(row, n, top, static_cast<T*>(nullptr)));
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
    const T log_sum = log_scalar(sum_exp(row, n, top, static_cast<T*>(nullptr)));
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
