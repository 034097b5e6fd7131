// Matrix products: MatMul with batch broadcasting and Gemm, split over threads by rows.
#include "bb/kernels/table.h"
#include "bb/parts/backends/broadcast.h"
#include "bb/parts/backends/kernel.h"
#include "bb/tensor/parallel.h"

namespace bb::cpu {
namespace {

using kernels::GemmShape;

void gemm(const GemmShape& s, const float* a, const float* b, const float* bias, float* c,
          void* w) {
  kernels::active().gemm_f32(s, a, b, bias, c, w);
}
void gemm(const GemmShape& s, const double* a, const double* b, const double* bias, double* c,
          void* w) {
  kernels::active().gemm_f64(s, a, b, bias, c, w);
}
void scale(float f, const float* x, float* y, size_t n) { kernels::active().scale_f32(f, x, y, n); }
void scale(double f, const double* x, double* y, size_t n) {
  kernels::active().scale_f64(f, x, y, n);
}
void add(kernels::Operand<float> a, kernels::Operand<float> b, float* y, size_t m, size_t n) {
  kernels::active().binary_f32(kernels::BinaryOp::kAdd, a, b, y, m, n);
}
void add(kernels::Operand<double> a, kernels::Operand<double> b, double* y, size_t m, size_t n) {
  kernels::active().binary_f64(kernels::BinaryOp::kAdd, a, b, y, m, n);
}

constexpr size_t kRowGrain = 64;

/// Per-thread memory for chunks that run beside the caller's own scratch.
std::byte* chunk_scratch(size_t bytes) {
  thread_local std::shared_ptr<Buffer> memory;
  if (bytes == 0) return nullptr;
  if (!memory || memory->size() < bytes) memory = Buffer::allocate(bytes);
  return memory->mutable_data();
}

template <class T>
void threaded_gemm(const GemmShape& shape, const T* a, const T* b, const T* bias, T* c,
                   std::byte* scratch) {
  if (thread_limit() == 1 || shape.m <= kRowGrain) {
    gemm(shape, a, b, bias, c, scratch);
    return;
  }
  // One multiply-add counts as an eighth of a byte: the threshold of parallel_for is about traffic.
  const size_t weight = shape.n * shape.k / 8 + shape.k * sizeof(T);
  parallel_for(shape.m, kRowGrain, weight, [&](size_t begin, size_t end) {
    GemmShape part = shape;
    part.m = end - begin;
    gemm(part, a + (shape.trans_a ? begin : begin * shape.lda), b, bias, c + begin * shape.ldc,
         chunk_scratch(kernels::gemm_scratch_bytes(part, sizeof(T))));
  });
}

template <class T>
std::unique_ptr<Kernel> matmul_kernel(const OpSite& site) {
  Shape a = site.in[0].shape, b = site.in[1].shape;
  if (a.size() == 1) a.insert(a.begin(), 1);
  if (b.size() == 1) b.push_back(1);
  GemmShape shape;
  shape.m = static_cast<size_t>(a[a.size() - 2]);
  shape.k = static_cast<size_t>(a.back());
  shape.n = static_cast<size_t>(b.back());
  shape.lda = shape.k;
  shape.ldb = shape.ldc = shape.n;
  const Shape batch_a(a.begin(), a.end() - 2), batch_b(b.begin(), b.end() - 2);
  if (batch_b.empty() && !batch_a.empty()) {  // one matrix on the right: a single tall product
    shape.m *= static_cast<size_t>(element_count(batch_a));
    return make_kernel(
        [shape](const std::byte* const* in, std::byte* const* out, std::byte* scratch) {
          threaded_gemm(shape, at<T>(in[0]), at<T>(in[1]), static_cast<const T*>(nullptr),
                        at<T>(out[0]), scratch);
          return Status();
        },
        kernels::gemm_scratch_bytes(shape, sizeof(T)));
  }
  const size_t rank = std::max(batch_a.size(), batch_b.size());
  Shape batch(rank, 1);
  for (const Shape* s : {&batch_a, &batch_b})
    for (size_t i = 0; i < s->size(); ++i) {
      int64_t& dim = batch[rank - s->size() + i];
      if ((*s)[i] != 1) dim = (*s)[i];
    }
  // Every matrix of the batch is one element of this broadcast.
  auto loop = plan_broadcast<2>({&batch_a, &batch_b}, batch);
  const bool empty = site.out[0].count == 0;
  return make_kernel(
      [=](const std::byte* const* in, std::byte* const* out, std::byte* scratch) {
        if (empty) return Status();
        const size_t size_a = shape.m * shape.k, size_b = shape.k * shape.n,
                     size_c = shape.m * shape.n;
        loop.each([&](const auto& offset, size_t position) {
          for (size_t i = 0; i < loop.rows; ++i)
            for (size_t j = 0; j < loop.cols; ++j) {
              const size_t ia = offset[0] + i * loop.row_stride[0] + j * loop.col_step[0];
              const size_t ib = offset[1] + i * loop.row_stride[1] + j * loop.col_step[1];
              threaded_gemm(shape, at<T>(in[0]) + ia * size_a, at<T>(in[1]) + ib * size_b,
                            static_cast<const T*>(nullptr),
                            at<T>(out[0]) + (position + i * loop.cols + j) * size_c, scratch);
            }
        });
        return Status();
      },
      kernels::gemm_scratch_bytes(shape, sizeof(T)));
}

template <class T>
std::unique_ptr<Kernel> gemm_kernel(const OpSite& site) {
  GemmShape shape;
  shape.trans_a = site.node.int_attr("transA", 0) != 0;
  shape.trans_b = site.node.int_attr("transB", 0) != 0;
  const Shape& a = site.in[0].shape;
  const Shape& b = site.in[1].shape;
  shape.m = static_cast<size_t>(shape.trans_a ? a[1] : a[0]);
  shape.k = static_cast<size_t>(shape.trans_a ? a[0] : a[1]);
  shape.n = static_cast<size_t>(shape.trans_b ? b[0] : b[1]);
  shape.lda = static_cast<size_t>(a[1]);
  shape.ldb = static_cast<size_t>(b[1]);
  shape.ldc = shape.n;
  const T alpha = static_cast<T>(site.node.float_attr("alpha", 1.0));
  const T beta = static_cast<T>(site.node.float_attr("beta", 1.0));
  const bool with_c = site.has_input(2) && beta != T(0);
  const size_t scratch_bytes = kernels::gemm_scratch_bytes(shape, sizeof(T));
  const bool row_bias = with_c && alpha == T(1) && beta == T(1) &&
                        site.in[2].count == static_cast<int64_t>(shape.n) &&
                        !site.in[2].shape.empty() &&
                        site.in[2].shape.back() == static_cast<int64_t>(shape.n);
  if (!with_c || row_bias)
    return make_kernel(
        [=](const std::byte* const* in, std::byte* const* out, std::byte* scratch) {
          threaded_gemm(shape, at<T>(in[0]), at<T>(in[1]), row_bias ? at<T>(in[2]) : nullptr,
                        at<T>(out[0]), scratch);
          if (alpha != T(1)) scale(alpha, at<T>(out[0]), at<T>(out[0]), shape.m * shape.n);
          return Status();
        },
        scratch_bytes);
  const auto loop = plan_broadcast<1>({&site.in[2].shape}, site.out[0].shape);
  const size_t c_count = static_cast<size_t>(site.in[2].count);
  return make_kernel(
      [=](const std::byte* const* in, std::byte* const* out, std::byte* scratch) {
        T* y = at<T>(out[0]);
        T* c = at<T>(scratch);
        threaded_gemm(shape, at<T>(in[0]), at<T>(in[1]), static_cast<const T*>(nullptr), y,
                      scratch + c_count * sizeof(T) + 64 - c_count * sizeof(T) % 64);
        if (alpha != T(1)) scale(alpha, y, y, shape.m * shape.n);
        scale(beta, at<T>(in[2]), c, c_count);
        add({y, loop.rows == 1 ? 0 : loop.cols, 1}, {c, loop.row_stride[0], loop.col_step[0]}, y,
            loop.rows, loop.cols);
        return Status();
      },
      scratch_bytes + c_count * sizeof(T) + 64);
}

}  // namespace

BuildResult build_matmul(const OpSite& site) {
  if (site.in[0].dtype == DType::kF32) return matmul_kernel<float>(site);
  if (site.in[0].dtype == DType::kF64) return matmul_kernel<double>(site);
  return unsupported_dtype(site, site.in[0].dtype);
}

BuildResult build_gemm(const OpSite& site) {
  if (site.in[0].dtype == DType::kF32) return gemm_kernel<float>(site);
  if (site.in[0].dtype == DType::kF64) return gemm_kernel<double>(site);
  return unsupported_dtype(site, site.in[0].dtype);
}

}  // namespace bb::cpu
