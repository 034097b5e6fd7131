// Contract of the reductions over one array or matrix, softmax and cross-entropy.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bb::kernels {

/// Grid on which long reductions and column ranges are cut. A caller that splits work over threads
/// cuts at multiples of kChunk and adds the partial results in chunk order, starting from 0.0;
/// a single call over the whole array does exactly the same, so the bits agree.
inline constexpr size_t kChunk = 65536;

/// Whole-array reductions use 16 double lanes per chunk: element i goes to lane i % 16 and the
/// lanes are combined by halves (l += l + 8, then 4, 2, 1). Matrices are row-major [m, n] with ld
/// >= n elements between rows.
struct ReduceKernels {
  double (*sum_f32)(const float* x, size_t n);
  double (*sum_f64)(const double* x, size_t n);
  /// Each product is fused into the double lane: lane = fma(x, y, lane).
  double (*dot_f32)(const float* x, const float* y, size_t n);
  double (*dot_f64)(const double* x, const double* y, size_t n);
  double (*sum_squares_f32)(const float* x, size_t n);
  double (*sum_squares_f64)(const double* x, size_t n);
  /// The largest element; NaN if any is NaN; -infinity if n is 0.
  float (*max_f32)(const float* x, size_t n);
  double (*max_f64)(const double* x, size_t n);
  size_t (*count_non_finite_f32)(const float* x, size_t n);
  size_t (*count_non_finite_f64)(const double* x, size_t n);

  /// y[i] = sum, mean or max of row i; the sum is rounded once from double (mean: divided by n
  /// first).
  void (*sum_rows_f32)(const float* x, size_t m, size_t n, size_t ld, float* y);
  void (*sum_rows_f64)(const double* x, size_t m, size_t n, size_t ld, double* y);
  void (*mean_rows_f32)(const float* x, size_t m, size_t n, size_t ld, float* y);
  void (*mean_rows_f64)(const double* x, size_t m, size_t n, size_t ld, double* y);
  void (*max_rows_f32)(const float* x, size_t m, size_t n, size_t ld, float* y);
  void (*max_rows_f64)(const double* x, size_t m, size_t n, size_t ld, double* y);
  /// y[j] = sum, mean or max over rows ascending; one double accumulator per column. A column range
  /// is x + begin with n = end - begin. An empty column has sum 0, mean NaN and max -infinity.
  void (*sum_cols_f32)(const float* x, size_t m, size_t n, size_t ld, float* y);
  void (*sum_cols_f64)(const double* x, size_t m, size_t n, size_t ld, double* y);
  void (*mean_cols_f32)(const float* x, size_t m, size_t n, size_t ld, float* y);
  void (*mean_cols_f64)(const double* x, size_t m, size_t n, size_t ld, double* y);
  void (*max_cols_f32)(const float* x, size_t m, size_t n, size_t ld, float* y);
  void (*max_cols_f64)(const double* x, size_t m, size_t n, size_t ld, double* y);
  /// y[i] = index of the largest element of row i, the lowest on ties; a NaN counts as largest. n
  /// >= 1.
  void (*argmax_rows_f32)(const float* x, size_t m, size_t n, size_t ld, int64_t* y);
  void (*argmax_rows_f64)(const double* x, size_t m, size_t n, size_t ld, int64_t* y);
};

struct SoftmaxKernels {
  /// Over contiguous rows [m, n]: y = exp(x - max) / sum, and y = x - max - log(sum). y may be x.
  void (*softmax_f32)(const float* x, float* y, size_t m, size_t n);
  void (*softmax_f64)(const double* x, double* y, size_t m, size_t n);
  void (*log_softmax_f32)(const float* x, float* y, size_t m, size_t n);
  void (*log_softmax_f64)(const double* x, double* y, size_t m, size_t n);

  /// Softmax cross-entropy of contiguous logits [m, n] with labels [m] in [0, n): writes
  /// losses[i] = -log_softmax(logits)[i, labels[i]] and, unless null, log_probs [m, n].
  /// Returns -1, or the first row whose label is out of range (nothing is written then).
  int64_t (*cross_entropy_f32)(const float* logits, const int64_t* labels, size_t m, size_t n,
                               float* losses, float* log_probs);
  int64_t (*cross_entropy_f64)(const double* logits, const int64_t* labels, size_t m, size_t n,
                               double* losses, double* log_probs);
  /// dx[i, j] = (exp(log_probs[i, j]) - (j == labels[i])) * scale; scale is 1 / m for the mean
  /// loss.
  void (*cross_entropy_backward_f32)(const float* log_probs, const int64_t* labels, size_t m,
                                     size_t n, float scale, float* dx);
  void (*cross_entropy_backward_f64)(const double* log_probs, const int64_t* labels, size_t m,
                                     size_t n, double scale, double* dx);
};

}  // namespace bb::kernels
