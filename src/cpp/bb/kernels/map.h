// Contract of the elementwise kernels: arithmetic, comparisons, selection, casts and fills.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bb::kernels {

enum class UnaryOp : uint8_t {
  kNeg,
  kAbs,
  kExp,
  kLog,
  kSqrt,
  kRelu,  ///< x < 0 ? 0 : x, so NaN stays NaN.
  kTanh,
  kSigmoid,
  kSquare,
  kReciprocal,
  kSign,  ///< -1, 0 or 1; NaN stays NaN.
};

/// Integer division truncates; a division by zero gives 0. Integers wrap around.
/// kMin is a < b ? a : b and kMax is a > b ? a : b.
enum class BinaryOp : uint8_t { kAdd, kSub, kMul, kDiv, kMin, kMax };

/// Results are bytes 0 or 1; a comparison with NaN is 0.
enum class CompareOp : uint8_t { kEqual, kGreater, kLess, kGreaterOrEqual, kLessOrEqual };

/// Element types of `cast`. A bool is one byte, 0 or 1.
enum class ScalarType : uint8_t { kF32, kF64, kI32, kI64, kU8, kBool };

/// One operand read as a [rows, cols] matrix: element (i, j) is data[i * row_stride + j *
/// col_step]. col_step is 0 or 1. A contiguous vector is rows = 1; a scalar has both strides 0; a
/// row of n values has row_stride 0; a column [m,1] has col_step 0 and row_stride 1.
template <class T>
struct Operand {
  const T* data = nullptr;
  size_t row_stride = 0;
  size_t col_step = 1;
};

/// y is contiguous [rows, cols] (or n elements) and may be exactly an input, but not overlap one
/// otherwise. exp, log, tanh and sigmoid are this library's own (see math.h), with equal bits
/// everywhere.
struct MapKernels {
  void (*unary_f32)(UnaryOp op, const float* x, float* y, size_t n);
  void (*unary_f64)(UnaryOp op, const double* x, double* y, size_t n);

  void (*binary_f32)(BinaryOp op, Operand<float> a, Operand<float> b, float* y, size_t rows,
                     size_t cols);
  void (*binary_f64)(BinaryOp op, Operand<double> a, Operand<double> b, double* y, size_t rows,
                     size_t cols);
  void (*binary_i32)(BinaryOp op, Operand<int32_t> a, Operand<int32_t> b, int32_t* y, size_t rows,
                     size_t cols);
  void (*binary_i64)(BinaryOp op, Operand<int64_t> a, Operand<int64_t> b, int64_t* y, size_t rows,
                     size_t cols);

  void (*compare_f32)(CompareOp op, Operand<float> a, Operand<float> b, uint8_t* y, size_t rows,
                      size_t cols);
  void (*compare_f64)(CompareOp op, Operand<double> a, Operand<double> b, uint8_t* y, size_t rows,
                      size_t cols);
  void (*compare_i32)(CompareOp op, Operand<int32_t> a, Operand<int32_t> b, uint8_t* y, size_t rows,
                      size_t cols);
  void (*compare_i64)(CompareOp op, Operand<int64_t> a, Operand<int64_t> b, uint8_t* y, size_t rows,
                      size_t cols);
  void (*compare_u8)(CompareOp op, Operand<uint8_t> a, Operand<uint8_t> b, uint8_t* y, size_t rows,
                     size_t cols);

  /// y = cond != 0 ? a : b, bits copied: use the 4-byte form for f32 and i32, the 8-byte one for
  /// f64 and i64, the 1-byte one for u8 and bool.
  void (*where_4)(Operand<uint8_t> cond, Operand<uint32_t> a, Operand<uint32_t> b, uint32_t* y,
                  size_t rows, size_t cols);
  void (*where_8)(Operand<uint8_t> cond, Operand<uint64_t> a, Operand<uint64_t> b, uint64_t* y,
                  size_t rows, size_t cols);
  void (*where_1)(Operand<uint8_t> cond, Operand<uint8_t> a, Operand<uint8_t> b, uint8_t* y,
                  size_t rows, size_t cols);

  /// y = y + round(a * x): two roundings, as numpy does it.
  void (*axpy_f32)(float a, const float* x, float* y, size_t n);
  void (*axpy_f64)(double a, const double* x, double* y, size_t n);
  /// y = fma(a, x, y): one rounding.
  void (*axpy_fused_f32)(float a, const float* x, float* y, size_t n);
  void (*axpy_fused_f64)(double a, const double* x, double* y, size_t n);
  /// y = a * x.
  void (*scale_f32)(float a, const float* x, float* y, size_t n);
  void (*scale_f64)(double a, const double* x, double* y, size_t n);
  void (*fill_f32)(float value, float* y, size_t n);
  void (*fill_f64)(double value, double* y, size_t n);

  /// dx = x > 0 ? dy : 0.
  void (*relu_backward_f32)(const float* dy, const float* x, float* dx, size_t n);
  void (*relu_backward_f64)(const double* dy, const double* x, double* dx, size_t n);

  /// Converts n elements; x and y must not overlap. Float to integer truncates and saturates, NaN
  /// gives 0; integer to narrower integer wraps around; anything to bool is x != 0 (NaN is true).
  void (*cast)(ScalarType from, ScalarType to, const void* x, void* y, size_t n);
};

}  // namespace bb::kernels
