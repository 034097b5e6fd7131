// Contract of the matrix product kernels: shapes, scratch memory and the order of summation.
#pragma once

#include <cstddef>

namespace bb::kernels {

/// C[m,n] = init + op(A)[m,k] * op(B)[k,n], all row-major.
///
/// Every element is one chain of fused multiply-adds over k ascending:
/// acc = init; for k: acc = fma(a[i,k], b[k,j], acc). The bits depend on nothing else: neither on
/// the instruction set nor on how a caller splits rows or columns over threads. To split, offset
/// pointers: rows i0.. start at a + i0 * lda (a + i0 if trans_a) and c + i0 * ldc; columns j0..
/// start at b + j0 (b + j0 * ldb if trans_b), c + j0 and bias + j0.
struct GemmShape {
  size_t m = 0;
  size_t n = 0;
  size_t k = 0;
  bool trans_a = false;  ///< A is stored [k,m] with lda >= m; otherwise [m,k] with lda >= k.
  bool trans_b = false;  ///< B is stored [n,k] with ldb >= k; otherwise [k,n] with ldb >= n.
  size_t lda = 0;        ///< Elements from one stored row of A to the next.
  size_t ldb = 0;
  size_t ldc = 0;           ///< At least n.
  bool accumulate = false;  ///< init = C[i,j]; otherwise bias[j] when bias is given, else 0.
};

/// Bytes of 64-byte-aligned scratch one call needs, the same on every instruction set.
/// Args: element_size is sizeof(float) or sizeof(double). 0 means that scratch may be null.
size_t gemm_scratch_bytes(const GemmShape& shape, size_t element_size);

struct GemmKernels {
  /// C must not overlap A, B, bias or scratch. bias[n] may be null; it is ignored with accumulate.
  void (*gemm_f32)(const GemmShape& shape, const float* a, const float* b, const float* bias,
                   float* c, void* scratch);
  void (*gemm_f64)(const GemmShape& shape, const double* a, const double* b, const double* bias,
                   double* c, void* scratch);
};

}  // namespace bb::kernels
