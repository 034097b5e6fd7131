// Softmax, log-softmax and softmax cross-entropy on the fused kernels.
#include "bb/kernels/table.h"
#include "bb/parts/backends/kernel.h"
#include "bb/parts/backends/permute.h"

namespace bb::cpu {
namespace {

void softmax(bool log, const float* x, float* y, size_t m, size_t n) {
  const auto& k = kernels::active();
  (log ? k.log_softmax_f32 : k.softmax_f32)(x, y, m, n);
}
void softmax(bool log, const double* x, double* y, size_t m, size_t n) {
  const auto& k = kernels::active();
  (log ? k.log_softmax_f64 : k.softmax_f64)(x, y, m, n);
}

template <class T>
std::unique_ptr<Kernel> softmax_kernel(const OpSite& site, bool log) {
  const Shape& shape = site.in[0].shape;
  const auto axis = static_cast<size_t>(site.axis(-1, shape.size()));
  const auto n = static_cast<size_t>(shape[axis]);
  const size_t m = n == 0 ? 0 : static_cast<size_t>(site.in[0].count) / n;
  const auto there = Permutation::axis_last(shape, axis, sizeof(T));
  if (there.identity())
    return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
      softmax(log, at<T>(in[0]), at<T>(out[0]), m, n);
      return Status();
    });
  const auto back = Permutation::axis_back(shape, axis, sizeof(T));
  return make_kernel(
      [=](const std::byte* const* in, std::byte* const* out, std::byte* scratch) {
        there.run(in[0], scratch);
        softmax(log, at<T>(scratch), at<T>(scratch), m, n);
        back.run(scratch, out[0]);
        return Status();
      },
      site.in[0].bytes());
}

BuildResult any_softmax(const OpSite& site, bool log) {
  if (site.in[0].dtype == DType::kF32) return softmax_kernel<float>(site, log);
  if (site.in[0].dtype == DType::kF64) return softmax_kernel<double>(site, log);
  return unsupported_dtype(site, site.in[0].dtype);
}

int64_t cross_entropy(const float* x, const int64_t* y, size_t m, size_t n, float* l, float* p) {
  return kernels::active().cross_entropy_f32(x, y, m, n, l, p);
}
int64_t cross_entropy(const double* x, const int64_t* y, size_t m, size_t n, double* l, double* p) {
  return kernels::active().cross_entropy_f64(x, y, m, n, l, p);
}
double total(const float* x, size_t n) { return kernels::active().sum_f32(x, n); }
double total(const double* x, size_t n) { return kernels::active().sum_f64(x, n); }

template <class T>
BuildResult cross_entropy_kernel(const OpSite& site) {
  const std::string reduction = site.node.string_attr("reduction", "mean");
  const auto m = static_cast<size_t>(site.in[0].shape[0]);
  const auto n = static_cast<size_t>(site.in[0].shape[1]);
  const bool log_prob = site.out.size() > 1 && site.out[1].present();
  const bool none = reduction == "none";
  const double divisor = reduction == "mean" ? static_cast<double>(m) : 1.0;
  return make_kernel(
      [=, where = site.node.name](const std::byte* const* in, std::byte* const* out,
                                  std::byte* scratch) -> Status {
        T* losses = none ? at<T>(out[0]) : at<T>(scratch);
        const int64_t bad = cross_entropy(at<T>(in[0]), at<int64_t>(in[1]), m, n, losses,
                                          log_prob ? at<T>(out[1]) : nullptr);
        if (bad >= 0)
          return make_error(Fault::kData, "label_out_of_range",
                            "a label is outside 0 .. " + std::to_string(n - 1) + " (row " +
                                std::to_string(bad) + ")",
                            std::to_string(at<int64_t>(in[1])[bad]),
                            "check the labels or the model's number of classes", where);
        if (!none) *at<T>(out[0]) = static_cast<T>(total(losses, m) / divisor);
        return Status();
      },
      none ? 0 : m * sizeof(T));
}

}  // namespace

BuildResult build_softmax(const OpSite& site) { return any_softmax(site, false); }
BuildResult build_log_softmax(const OpSite& site) { return any_softmax(site, true); }

BuildResult build_cross_entropy(const OpSite& site) {
  if (site.in[0].shape.size() != 2 || site.has_input(2) || site.node.attr("ignore_index"))
    return make_error(
        Fault::kInstall, "unsupported_attribute",
        "SoftmaxCrossEntropyLoss runs on logits (N, C) without weights or ignore_index",
        text_of(site.in[0].shape), "reshape the logits to (N, C)", site.node.name);
  if (site.in[1].dtype != DType::kI64) return unsupported_dtype(site, site.in[1].dtype);
  if (site.in[0].dtype == DType::kF32) return cross_entropy_kernel<float>(site);
  if (site.in[0].dtype == DType::kF64) return cross_entropy_kernel<double>(site);
  return unsupported_dtype(site, site.in[0].dtype);
}

}  // namespace bb::cpu
