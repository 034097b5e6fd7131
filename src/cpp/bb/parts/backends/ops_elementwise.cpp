// Elementwise operators: arithmetic, comparison, logic, selection and casts, with broadcasting.
#include "bb/kernels/table.h"
#include "bb/parts/backends/broadcast.h"
#include "bb/parts/backends/kernel.h"

namespace bb::cpu {
namespace {

using kernels::BinaryOp;
using kernels::CompareOp;
using kernels::Operand;
using kernels::ScalarType;
using kernels::UnaryOp;

template <class T>
Operand<T> operand(const std::byte* base, int64_t offset, const auto& loop, size_t o) {
  return {at<T>(base) + offset, loop.row_stride[o], loop.col_step[o]};
}

template <class T, class Member, class Op>
std::unique_ptr<Kernel> binary_kernel(const OpSite& site, Member member, Op op) {
  auto loop = plan_broadcast<2>({&site.in[0].shape, &site.in[1].shape}, site.out[0].shape);
  if (site.out[0].count == 0) return make_kernel([](auto, auto, auto) { return Status(); });
  return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
    using Result = std::conditional_t<std::is_same_v<Op, CompareOp>, uint8_t, T>;
    loop.each([&](const auto& offset, size_t position) {
      (kernels::active().*member)(op, operand<T>(in[0], offset[0], loop, 0),
                                  operand<T>(in[1], offset[1], loop, 1),
                                  at<Result>(out[0]) + position, loop.rows, loop.cols);
    });
    return Status();
  });
}

BuildResult arithmetic(const OpSite& site, BinaryOp op) {
  using K = kernels::Table;
  switch (site.in[0].dtype) {
    case DType::kF32:
      return binary_kernel<float>(site, &K::binary_f32, op);
    case DType::kF64:
      return binary_kernel<double>(site, &K::binary_f64, op);
    case DType::kI32:
      return binary_kernel<int32_t>(site, &K::binary_i32, op);
    case DType::kI64:
      return binary_kernel<int64_t>(site, &K::binary_i64, op);
    default:
      return unsupported_dtype(site, site.in[0].dtype);
  }
}

/// Max, Min and Sum take any number of inputs: folds from the left.
BuildResult variadic(const OpSite& site, BinaryOp op) {
  if (site.in.size() == 2) return arithmetic(site, op);
  if (site.in.size() == 1) {
    const size_t bytes = site.out[0].bytes();
    return make_kernel([bytes](const std::byte* const* in, std::byte* const* out, std::byte*) {
      if (bytes) std::memcpy(out[0], in[0], bytes);
      return Status();
    });
  }
  std::vector<std::shared_ptr<Kernel>> folds;  // fold i - 1 joins input i to what came before
  for (size_t i = 1; i < site.in.size(); ++i) {
    const Desc& before = i == 1 ? site.in[0] : site.out[0];
    const OpSite pair{site.node, {before, site.in[i]}, site.out, {nullptr, nullptr}};
    BB_ASSIGN_OR_RETURN(std::shared_ptr<Kernel> fold, arithmetic(pair, op));
    folds.push_back(std::move(fold));
  }
  return make_kernel(
      [=](const std::byte* const* in, std::byte* const* out, std::byte* scratch) -> Status {
        for (size_t i = 1; i <= folds.size(); ++i) {
          const std::byte* pair[2] = {i == 1 ? in[0] : out[0], in[i]};
          BB_RETURN_IF_ERROR(folds[i - 1]->run(pair, out, scratch));
        }
        return Status();
      });
}

BuildResult unary(const OpSite& site, UnaryOp op) {
  const size_t n = static_cast<size_t>(site.out[0].count);
  if (site.in[0].dtype == DType::kF32)
    return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
      kernels::active().unary_f32(op, at<float>(in[0]), at<float>(out[0]), n);
      return Status();
    });
  if (site.in[0].dtype == DType::kF64)
    return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
      kernels::active().unary_f64(op, at<double>(in[0]), at<double>(out[0]), n);
      return Status();
    });
  return unsupported_dtype(site, site.in[0].dtype);
}

BuildResult compare(const OpSite& site, CompareOp op) {
  using K = kernels::Table;
  switch (site.in[0].dtype) {
    case DType::kF32:
      return binary_kernel<float>(site, &K::compare_f32, op);
    case DType::kF64:
      return binary_kernel<double>(site, &K::compare_f64, op);
    case DType::kI32:
      return binary_kernel<int32_t>(site, &K::compare_i32, op);
    case DType::kI64:
      return binary_kernel<int64_t>(site, &K::compare_i64, op);
    case DType::kU8:
    case DType::kBool:
      return binary_kernel<uint8_t>(site, &K::compare_u8, op);
    default:
      return unsupported_dtype(site, site.in[0].dtype);
  }
}

/// Logic on bool bytes with broadcasting.
template <class F>
BuildResult logic(const OpSite& site, F combine) {
  auto loop = plan_broadcast<2>({&site.in[0].shape, &site.in[1].shape}, site.out[0].shape);
  const bool empty = site.out[0].count == 0;
  return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
    if (empty) return Status();
    loop.each([&](const auto& offset, size_t position) {
      const auto a = operand<uint8_t>(in[0], offset[0], loop, 0);
      const auto b = operand<uint8_t>(in[1], offset[1], loop, 1);
      uint8_t* y = at<uint8_t>(out[0]) + position;
      for (size_t i = 0; i < loop.rows; ++i)
        for (size_t j = 0; j < loop.cols; ++j)
          y[i * loop.cols + j] = combine(a.data[i * a.row_stride + j * a.col_step],
                                         b.data[i * b.row_stride + j * b.col_step]);
    });
    return Status();
  });
}

template <class Bits, class Member>
std::unique_ptr<Kernel> where_kernel(const OpSite& site, Member member) {
  auto loop = plan_broadcast<3>({&site.in[0].shape, &site.in[1].shape, &site.in[2].shape},
                                site.out[0].shape);
  const bool empty = site.out[0].count == 0;
  return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
    if (empty) return Status();
    loop.each([&](const auto& offset, size_t position) {
      (kernels::active().*member)(operand<uint8_t>(in[0], offset[0], loop, 0),
                                  operand<Bits>(in[1], offset[1], loop, 1),
                                  operand<Bits>(in[2], offset[2], loop, 2),
                                  at<Bits>(out[0]) + position, loop.rows, loop.cols);
    });
    return Status();
  });
}

Result<ScalarType> scalar_type(const OpSite& site, DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return ScalarType::kF32;
    case DType::kF64:
      return ScalarType::kF64;
    case DType::kI32:
      return ScalarType::kI32;
    case DType::kI64:
      return ScalarType::kI64;
    case DType::kU8:
      return ScalarType::kU8;
    case DType::kBool:
      return ScalarType::kBool;
    case DType::kUndefined:
      break;
  }
  return unsupported_dtype(site, dtype);
}

/// x^p for constant integer or half-integer p by repeated products, else exp(p log x).
template <class T>
void power(const T* x, T* y, size_t n, double p) {
  const auto& k = kernels::active();
  const auto unary = [&](UnaryOp op, const T* in, T* out) {
    if constexpr (std::is_same_v<T, float>) {
      k.unary_f32(op, in, out, n);
    } else {
      k.unary_f64(op, in, out, n);
    }
  };
  const double magnitude = p < 0 ? -p : p;
  const int whole = magnitude <= 16 ? static_cast<int>(magnitude) : -1;
  if (magnitude == whole) {
    for (size_t i = 0; i < n; ++i) {
      T product = 1;
      for (int e = 0; e < whole; ++e) product *= x[i];
      y[i] = p < 0 ? T(1) / product : product;
    }
  } else if (magnitude == 0.5) {
    unary(UnaryOp::kSqrt, x, y);
    if (p < 0) unary(UnaryOp::kReciprocal, y, y);
  } else {
    unary(UnaryOp::kLog, x, y);
    for (size_t i = 0; i < n; ++i) y[i] *= static_cast<T>(p);
    unary(UnaryOp::kExp, y, y);
  }
}

}  // namespace

BuildResult build_add(const OpSite& s) { return arithmetic(s, BinaryOp::kAdd); }
BuildResult build_sub(const OpSite& s) { return arithmetic(s, BinaryOp::kSub); }
BuildResult build_mul(const OpSite& s) { return arithmetic(s, BinaryOp::kMul); }
BuildResult build_div(const OpSite& s) { return arithmetic(s, BinaryOp::kDiv); }
BuildResult build_max(const OpSite& s) { return variadic(s, BinaryOp::kMax); }
BuildResult build_min(const OpSite& s) { return variadic(s, BinaryOp::kMin); }
BuildResult build_sum(const OpSite& s) { return variadic(s, BinaryOp::kAdd); }
BuildResult build_neg(const OpSite& s) { return unary(s, UnaryOp::kNeg); }
BuildResult build_abs(const OpSite& s) { return unary(s, UnaryOp::kAbs); }
BuildResult build_exp(const OpSite& s) { return unary(s, UnaryOp::kExp); }
BuildResult build_log(const OpSite& s) { return unary(s, UnaryOp::kLog); }
BuildResult build_sqrt(const OpSite& s) { return unary(s, UnaryOp::kSqrt); }
BuildResult build_relu(const OpSite& s) { return unary(s, UnaryOp::kRelu); }
BuildResult build_tanh(const OpSite& s) { return unary(s, UnaryOp::kTanh); }
BuildResult build_sigmoid(const OpSite& s) { return unary(s, UnaryOp::kSigmoid); }
BuildResult build_reciprocal(const OpSite& s) { return unary(s, UnaryOp::kReciprocal); }
BuildResult build_sign(const OpSite& s) { return unary(s, UnaryOp::kSign); }
BuildResult build_equal(const OpSite& s) { return compare(s, CompareOp::kEqual); }
BuildResult build_greater(const OpSite& s) { return compare(s, CompareOp::kGreater); }
BuildResult build_less(const OpSite& s) { return compare(s, CompareOp::kLess); }
BuildResult build_greater_or_equal(const OpSite& s) {
  return compare(s, CompareOp::kGreaterOrEqual);
}
BuildResult build_less_or_equal(const OpSite& s) { return compare(s, CompareOp::kLessOrEqual); }
BuildResult build_and(const OpSite& s) {
  return logic(s, [](uint8_t a, uint8_t b) { return static_cast<uint8_t>(a && b); });
}
BuildResult build_or(const OpSite& s) {
  return logic(s, [](uint8_t a, uint8_t b) { return static_cast<uint8_t>(a || b); });
}
BuildResult build_not(const OpSite& site) {
  const size_t n = static_cast<size_t>(site.out[0].count);
  return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
    for (size_t i = 0; i < n; ++i)
      out[0][i] = in[0][i] == std::byte{0} ? std::byte{1} : std::byte{0};
    return Status();
  });
}

BuildResult build_where(const OpSite& site) {
  using K = kernels::Table;
  switch (size_of(site.in[1].dtype)) {
    case 1:
      return where_kernel<uint8_t>(site, &K::where_1);
    case 4:
      return where_kernel<uint32_t>(site, &K::where_4);
    case 8:
      return where_kernel<uint64_t>(site, &K::where_8);
    default:
      return unsupported_dtype(site, site.in[1].dtype);
  }
}

BuildResult build_cast(const OpSite& site) {
  BB_ASSIGN_OR_RETURN(const ScalarType from, scalar_type(site, site.in[0].dtype));
  BB_ASSIGN_OR_RETURN(const ScalarType to, scalar_type(site, site.out[0].dtype));
  const size_t n = static_cast<size_t>(site.out[0].count);
  return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
    kernels::active().cast(from, to, in[0], out[0], n);
    return Status();
  });
}

BuildResult build_pow(const OpSite& site) {
  const Tensor* exponent = site.constant[1];
  if (exponent == nullptr || exponent->size() != 1)
    return make_error(Fault::kInstall, "needs_constant", "Pow needs one constant exponent here",
                      site.node.inputs[1], "write exp(y * log(x)) for a varying exponent",
                      site.node.name);
  double p = 0;
  switch (exponent->dtype()) {
    case DType::kF32:
      p = exponent->data<float>()[0];
      break;
    case DType::kF64:
      p = exponent->data<double>()[0];
      break;
    case DType::kI32:
      p = exponent->data<int32_t>()[0];
      break;
    case DType::kI64:
      p = static_cast<double>(exponent->data<int64_t>()[0]);
      break;
    default:
      return unsupported_dtype(site, exponent->dtype());
  }
  const size_t n = static_cast<size_t>(site.out[0].count);
  if (site.in[0].dtype == DType::kF32)
    return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
      power(at<float>(in[0]), at<float>(out[0]), n, p);
      return Status();
    });
  if (site.in[0].dtype == DType::kF64)
    return make_kernel([=](const std::byte* const* in, std::byte* const* out, std::byte*) {
      power(at<double>(in[0]), at<double>(out[0]), n, p);
      return Status();
    });
  return unsupported_dtype(site, site.in[0].dtype);
}

}  // namespace bb::cpu
