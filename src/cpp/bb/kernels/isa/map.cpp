// Elementwise kernels for one instruction set: one loop per shape of operand, one functor per
// operation.
#include "bb/kernels/map.h"

#include "bb/kernels/isa/elementary.h"

namespace bb::kernels::BB_KERNEL_ISA {
namespace {

// ---- one input -------------------------------------------------------------------------------

template <class T, class F>
inline void map_one(const T* x, T* y, size_t n, F f) {
  size_t i = 0;
  for (; i + kWidth<T> <= n; i += kWidth<T>) save(y + i, f(load(x + i)));
  if (i < n) {
    const Tail<T> tail = tail_of<T>(n - i);
    save_tail(y + i, f(load_tail(x + i, tail)), tail);
  }
}

template <class T>
inline Vec<T> sign_of(Vec<T> x) {
  const Vec<T> one = copy_sign(set1(T(1)), x);
  return choose(x == zero<T>(), x, choose(x == x, one, x));
}

template <class T>
void unary(UnaryOp op, const T* x, T* y, size_t n) {
  switch (op) {
    case UnaryOp::kNeg:
      return map_one(x, y, n, [](Vec<T> v) { return negate(v); });
    case UnaryOp::kAbs:
      return map_one(x, y, n, [](Vec<T> v) { return abs_of(v); });
    case UnaryOp::kExp:
      return map_one(x, y, n, [](Vec<T> v) { return exp_of(v); });
    case UnaryOp::kLog:
      return map_one(x, y, n, [](Vec<T> v) { return log_of(v); });
    case UnaryOp::kSqrt:
      return map_one(x, y, n, [](Vec<T> v) { return sqrt_of(v); });
    case UnaryOp::kRelu:
      return map_one(x, y, n, [](Vec<T> v) { return choose(v < zero<T>(), zero<T>(), v); });
    case UnaryOp::kTanh:
      return map_one(x, y, n, [](Vec<T> v) { return tanh_of(v); });
    case UnaryOp::kSigmoid:
      return map_one(x, y, n, [](Vec<T> v) { return sigmoid_of(v); });
    case UnaryOp::kSquare:
      return map_one(x, y, n, [](Vec<T> v) { return v * v; });
    case UnaryOp::kReciprocal:
      return map_one(x, y, n, [](Vec<T> v) { return divide(set1(T(1)), v); });
    case UnaryOp::kSign:
      return map_one(x, y, n, [](Vec<T> v) { return sign_of(v); });
  }
}

// ---- two inputs, floating point --------------------------------------------------------------

template <class T, class F>
inline void map_two_row(const T* a, size_t a_step, const T* b, size_t b_step, T* y, size_t n, F f) {
  const Vec<T> a0 = n > 0 && a_step == 0 ? set1(*a) : zero<T>();
  const Vec<T> b0 = n > 0 && b_step == 0 ? set1(*b) : zero<T>();
  const size_t whole = n / kWidth<T> * kWidth<T>;
  const Tail<T> tail = tail_of<T>(n - whole);
  if (a_step != 0 && b_step != 0) {
    for (size_t i = 0; i < whole; i += kWidth<T>) save(y + i, f(load(a + i), load(b + i)));
  } else if (a_step != 0) {
    for (size_t i = 0; i < whole; i += kWidth<T>) save(y + i, f(load(a + i), b0));
  } else {
    for (size_t i = 0; i < whole; i += kWidth<T>) {
      save(y + i, f(a0, b_step != 0 ? load(b + i) : b0));
    }
  }
  if (whole == n) return;
  const Vec<T> last_a = a_step != 0 ? load_tail(a + whole, tail) : a0;
  const Vec<T> last_b = b_step != 0 ? load_tail(b + whole, tail) : b0;
  save_tail(y + whole, f(last_a, last_b), tail);
}

template <class T, class F>
inline void map_two(Operand<T> a, Operand<T> b, T* y, size_t rows, size_t cols, F f) {
  for (size_t i = 0; i < rows; ++i) {
    map_two_row(a.data + i * a.row_stride, a.col_step, b.data + i * b.row_stride, b.col_step,
                y + i * cols, cols, f);
  }
}

template <class T>
void binary(BinaryOp op, Operand<T> a, Operand<T> b, T* y, size_t rows, size_t cols) {
  switch (op) {
    case BinaryOp::kAdd:
      return map_two(a, b, y, rows, cols, [](Vec<T> p, Vec<T> q) { return p + q; });
    case BinaryOp::kSub:
      return map_two(a, b, y, rows, cols, [](Vec<T> p, Vec<T> q) { return p - q; });
    case BinaryOp::kMul:
      return map_two(a, b, y, rows, cols, [](Vec<T> p, Vec<T> q) { return p * q; });
    case BinaryOp::kDiv:
      return map_two(a, b, y, rows, cols, [](Vec<T> p, Vec<T> q) { return divide(p, q); });
    case BinaryOp::kMin:
      return map_two(a, b, y, rows, cols, [](Vec<T> p, Vec<T> q) { return min_of(p, q); });
    case BinaryOp::kMax:
      return map_two(a, b, y, rows, cols, [](Vec<T> p, Vec<T> q) { return max_of(p, q); });
  }
}

// ---- plain loops: integers, comparisons, selection -------------------------------------------

template <class A, class B, class Y, class F>
inline void loop_two(Operand<A> a, Operand<B> b, Y* y, size_t rows, size_t cols, F f) {
  for (size_t i = 0; i < rows; ++i) {
    const A* p = a.data + i * a.row_stride;
    const B* q = b.data + i * b.row_stride;
    Y* out = y + i * cols;
    if (a.col_step != 0 && b.col_step != 0) {
      for (size_t j = 0; j < cols; ++j) out[j] = f(p[j], q[j]);
    } else if (a.col_step != 0) {
      const B second = cols > 0 ? *q : B();
      for (size_t j = 0; j < cols; ++j) out[j] = f(p[j], second);
    } else {
      const A first = cols > 0 ? *p : A();
      for (size_t j = 0; j < cols; ++j) out[j] = f(first, q[j * b.col_step]);
    }
  }
}

template <class T, class U>
void binary_integer(BinaryOp op, Operand<T> a, Operand<T> b, T* y, size_t rows, size_t cols) {
  // Arithmetic in the unsigned type U wraps around instead of overflowing.
  switch (op) {
    case BinaryOp::kAdd:
      return loop_two(a, b, y, rows, cols, [](T p, T q) { return static_cast<T>(U(p) + U(q)); });
    case BinaryOp::kSub:
      return loop_two(a, b, y, rows, cols, [](T p, T q) { return static_cast<T>(U(p) - U(q)); });
    case BinaryOp::kMul:
      return loop_two(a, b, y, rows, cols, [](T p, T q) { return static_cast<T>(U(p) * U(q)); });
    case BinaryOp::kDiv:
      return loop_two(a, b, y, rows, cols, [](T p, T q) {
        if (q == 0) return T(0);
        return q == T(-1) ? static_cast<T>(U(0) - U(p)) : static_cast<T>(p / q);
      });
    case BinaryOp::kMin:
      return loop_two(a, b, y, rows, cols, [](T p, T q) { return p < q ? p : q; });
    case BinaryOp::kMax:
      return loop_two(a, b, y, rows, cols, [](T p, T q) { return p > q ? p : q; });
  }
}

template <class T>
void compare(CompareOp op, Operand<T> a, Operand<T> b, uint8_t* y, size_t rows, size_t cols) {
  switch (op) {
    case CompareOp::kEqual:
      return loop_two(a, b, y, rows, cols, [](T p, T q) { return uint8_t(p == q); });
    case CompareOp::kGreater:
      return loop_two(a, b, y, rows, cols, [](T p, T q) { return uint8_t(p > q); });
    case CompareOp::kLess:
      return loop_two(a, b, y, rows, cols, [](T p, T q) { return uint8_t(p < q); });
    case CompareOp::kGreaterOrEqual:
      return loop_two(a, b, y, rows, cols, [](T p, T q) { return uint8_t(p >= q); });
    case CompareOp::kLessOrEqual:
      return loop_two(a, b, y, rows, cols, [](T p, T q) { return uint8_t(p <= q); });
  }
}

template <class T>
void where(Operand<uint8_t> cond, Operand<T> a, Operand<T> b, T* y, size_t rows, size_t cols) {
  for (size_t i = 0; i < rows; ++i) {
    const uint8_t* c = cond.data + i * cond.row_stride;
    const T* p = a.data + i * a.row_stride;
    const T* q = b.data + i * b.row_stride;
    T* out = y + i * cols;
    if (cond.col_step * a.col_step * b.col_step == 1) {
      for (size_t j = 0; j < cols; ++j) out[j] = c[j] != 0 ? p[j] : q[j];
    } else {
      for (size_t j = 0; j < cols; ++j) {
        out[j] = c[j * cond.col_step] != 0 ? p[j * a.col_step] : q[j * b.col_step];
      }
    }
  }
}

// ---- vectors with a scalar -------------------------------------------------------------------

template <class T, class F>
inline void map_into(const T* x, T* y, size_t n, F f) {
  size_t i = 0;
  for (; i + kWidth<T> <= n; i += kWidth<T>) save(y + i, f(load(x + i), load(y + i)));
  if (i < n) {
    const Tail<T> tail = tail_of<T>(n - i);
    save_tail(y + i, f(load_tail(x + i, tail), load_tail(y + i, tail)), tail);
  }
}
template <class T>
void axpy(T a, const T* x, T* y, size_t n) {
  map_into(x, y, n, [v = set1(a)](Vec<T> p, Vec<T> q) { return q + v * p; });
}
template <class T>
void axpy_fused(T a, const T* x, T* y, size_t n) {
  map_into(x, y, n, [v = set1(a)](Vec<T> p, Vec<T> q) { return fused(v, p, q); });
}
template <class T>
void scale(T a, const T* x, T* y, size_t n) {
  map_one(x, y, n, [v = set1(a)](Vec<T> p) { return v * p; });
}
template <class T>
void fill(T value, T* y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = value;
}
template <class T>
void relu_backward(const T* dy, const T* x, T* dx, size_t n) {
  const auto pass = [](Vec<T> g, Vec<T> v) { return choose(v > zero<T>(), g, zero<T>()); };
  map_two_row(dy, 1, x, 1, dx, n, pass);
}

}  // namespace

void cast(ScalarType from, ScalarType to, const void* x, void* y, size_t n);

extern const MapKernels map_kernels;
const MapKernels map_kernels = {
    .unary_f32 = unary<float>,
    .unary_f64 = unary<double>,
    .binary_f32 = binary<float>,
    .binary_f64 = binary<double>,
    .binary_i32 = binary_integer<int32_t, uint32_t>,
    .binary_i64 = binary_integer<int64_t, uint64_t>,
    .compare_f32 = compare<float>,
    .compare_f64 = compare<double>,
    .compare_i32 = compare<int32_t>,
    .compare_i64 = compare<int64_t>,
    .compare_u8 = compare<uint8_t>,
    .where_4 = where<uint32_t>,
    .where_8 = where<uint64_t>,
    .where_1 = where<uint8_t>,
    .axpy_f32 = axpy<float>,
    .axpy_f64 = axpy<double>,
    .axpy_fused_f32 = axpy_fused<float>,
    .axpy_fused_f64 = axpy_fused<double>,
    .scale_f32 = scale<float>,
    .scale_f64 = scale<double>,
    .fill_f32 = fill<float>,
    .fill_f64 = fill<double>,
    .relu_backward_f32 = relu_backward<float>,
    .relu_backward_f64 = relu_backward<double>,
    .cast = cast,
};

}  // namespace bb::kernels::BB_KERNEL_ISA
