// Reductions: sums, means, maxima and argmax over any axes, in the kernels' fixed order.
#include <algorithm>
#include <numeric>

#include "bb/kernels/table.h"
#include "bb/parts/backends/kernel.h"
#include "bb/parts/backends/permute.h"

namespace bb::cpu {
namespace {

enum class Reduction { kSum, kMean, kMax };

template <class T>
struct RowKernels;
template <>
struct RowKernels<float> {
  static void rows(Reduction r, const float* x, size_t m, size_t n, float* y) {
    const auto& k = kernels::active();
    (r == Reduction::kSum    ? k.sum_rows_f32
     : r == Reduction::kMean ? k.mean_rows_f32
                             : k.max_rows_f32)(x, m, n, n, y);
  }
  static void cols(Reduction r, const float* x, size_t m, size_t n, float* y) {
    const auto& k = kernels::active();
    (r == Reduction::kSum    ? k.sum_cols_f32
     : r == Reduction::kMean ? k.mean_cols_f32
                             : k.max_cols_f32)(x, m, n, n, y);
  }
};
template <>
struct RowKernels<double> {
  static void rows(Reduction r, const double* x, size_t m, size_t n, double* y) {
    const auto& k = kernels::active();
    (r == Reduction::kSum    ? k.sum_rows_f64
     : r == Reduction::kMean ? k.mean_rows_f64
                             : k.max_rows_f64)(x, m, n, n, y);
  }
  static void cols(Reduction r, const double* x, size_t m, size_t n, double* y) {
    const auto& k = kernels::active();
    (r == Reduction::kSum    ? k.sum_cols_f64
     : r == Reduction::kMean ? k.mean_cols_f64
                             : k.max_cols_f64)(x, m, n, n, y);
  }
};

/// Which axes a reduction removes; none given means all, unless noop_with_empty_axes.
Result<std::vector<bool>> reduced_axes(const OpSite& site) {
  const size_t rank = site.in[0].shape.size();
  std::vector<int64_t> axes = site.node.ints_attr("axes");
  if (site.has_input(1)) {
    BB_ASSIGN_OR_RETURN(axes, site.ints(1));
  }
  const bool none = axes.empty() && site.node.int_attr("noop_with_empty_axes", 0) == 0;
  std::vector<bool> reduced(rank, none);
  for (int64_t axis : axes) {
    const int64_t at = axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
    if (at < 0 || at >= static_cast<int64_t>(rank))
      return make_error(Fault::kInstall, "bad_axis", "axis is outside the tensor's rank",
                        std::to_string(axis), "use -rank .. rank-1", site.node.name);
    reduced[static_cast<size_t>(at)] = true;
  }
  return reduced;
}

template <class T>
std::unique_ptr<Kernel> reduce_kernel(const OpSite& site, Reduction how,
                                      const std::vector<bool>& reduced) {
  const Shape& shape = site.in[0].shape;
  // Bring reduced axes last (kept order) unless they already are last or first.
  std::vector<size_t> kept, gone;
  for (size_t i = 0; i < shape.size(); ++i) (reduced[i] ? gone : kept).push_back(i);
  size_t m = 1, n = 1;
  for (size_t i : kept) m *= static_cast<size_t>(shape[i]);
  for (size_t i : gone) n *= static_cast<size_t>(shape[i]);
  const bool last = kept.empty() || gone.empty() || kept.back() < gone.front();
  const bool first = !last && gone.back() < kept.front();
  if (last)
    return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
      RowKernels<T>::rows(how, at<T>(in[0]), m, n, at<T>(out[0]));
      return Status();
    });
  if (first)
    return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
      RowKernels<T>::cols(how, at<T>(in[0]), n, m, at<T>(out[0]));
      return Status();
    });
  std::vector<size_t> perm = kept;
  perm.insert(perm.end(), gone.begin(), gone.end());
  const Permutation move(shape, perm, sizeof(T));
  return make_kernel(
      [=](const std::byte* const* in, std::byte* const* out, std::byte* scratch) {
        move.run(in[0], scratch);
        RowKernels<T>::rows(how, at<T>(scratch), m, n, at<T>(out[0]));
        return Status();
      },
      m * n * sizeof(T));
}

BuildResult reduce(const OpSite& site, Reduction how) {
  BB_ASSIGN_OR_RETURN(const std::vector<bool> reduced, reduced_axes(site));
  if (site.in[0].dtype == DType::kF32) return reduce_kernel<float>(site, how, reduced);
  if (site.in[0].dtype == DType::kF64) return reduce_kernel<double>(site, how, reduced);
  if (site.in[0].dtype != DType::kI64 || how != Reduction::kSum)
    return unsupported_dtype(site, site.in[0].dtype);
  const size_t count = static_cast<size_t>(site.in[0].count);
  if (site.out[0].count != 1)
    return make_error(Fault::kInstall, "unsupported_dtype",
                      "ReduceSum of int64 runs over all axes only", "int64",
                      "cast to float64 first", site.node.name);
  return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
    const int64_t* x = at<int64_t>(in[0]);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; ++i) sum += static_cast<uint64_t>(x[i]);
    *at<int64_t>(out[0]) = static_cast<int64_t>(sum);
    return Status();
  });
}

template <class T>
std::unique_ptr<Kernel> argmax_kernel(const OpSite& site) {
  const Shape& shape = site.in[0].shape;
  const auto axis = static_cast<size_t>(site.axis(0, shape.size()));
  const auto n = static_cast<size_t>(shape[axis]);
  const size_t m = n == 0 ? 0 : static_cast<size_t>(site.in[0].count) / n;
  const Permutation move = Permutation::axis_last(shape, axis, sizeof(T));
  return make_kernel(
      [=](const std::byte* const* in, std::byte* const* out, std::byte* scratch) {
        const std::byte* x = in[0];
        if (!move.identity()) {
          move.run(in[0], scratch);
          x = scratch;
        }
        if constexpr (std::is_same_v<T, float>) {
          kernels::active().argmax_rows_f32(at<T>(x), m, n, n, at<int64_t>(out[0]));
        } else {
          kernels::active().argmax_rows_f64(at<T>(x), m, n, n, at<int64_t>(out[0]));
        }
        return Status();
      },
      move.identity() ? 0 : site.in[0].bytes());
}

}  // namespace

BuildResult build_reduce_sum(const OpSite& s) { return reduce(s, Reduction::kSum); }
BuildResult build_reduce_mean(const OpSite& s) { return reduce(s, Reduction::kMean); }
BuildResult build_reduce_max(const OpSite& s) { return reduce(s, Reduction::kMax); }

BuildResult build_argmax(const OpSite& site) {
  if (site.in[0].dtype == DType::kF32) return argmax_kernel<float>(site);
  if (site.in[0].dtype == DType::kF64) return argmax_kernel<double>(site);
  return unsupported_dtype(site, site.in[0].dtype);
}

}  // namespace bb::cpu
