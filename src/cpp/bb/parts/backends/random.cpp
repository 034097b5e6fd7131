// Random draws for initial parameters, from named Philox streams.
#include "bb/parts/backends/random.h"

#include "bb/kernels/table.h"

namespace bb::cpu {
namespace {

kernels::PhiloxState state_of(const Stream& stream) {
  return {{stream.key()[0], stream.key()[1]},
          {0, 0, static_cast<uint32_t>(stream.lane_a()), static_cast<uint32_t>(stream.lane_b())}};
}

Error not_float(DType dtype) {
  return make_error(Fault::kConfig, "unsupported_dtype", "random draws are float32 or float64",
                    std::string(name_of(dtype)), "declare the parameter as a float");
}

}  // namespace

Result<Tensor> normals(DType dtype, Shape shape, double std, const Stream& stream) {
  Tensor out(dtype, std::move(shape));
  const auto n = static_cast<size_t>(out.size());
  const auto& k = kernels::active();
  if (dtype == DType::kF32) {
    k.normals_f32(state_of(stream), out.mutable_data<float>(), n);
    k.scale_f32(static_cast<float>(std), out.data<float>(), out.mutable_data<float>(), n);
  } else if (dtype == DType::kF64) {
    k.normals_f64(state_of(stream), out.mutable_data<double>(), n);
    k.scale_f64(std, out.data<double>(), out.mutable_data<double>(), n);
  } else {
    return not_float(dtype);
  }
  return out;
}

Result<Tensor> uniforms(DType dtype, Shape shape, double low, double high, Stream stream) {
  Tensor out(dtype, std::move(shape));
  const auto n = static_cast<size_t>(out.size());
  if (dtype == DType::kF32) {
    float* x = out.mutable_data<float>();
    for (size_t i = 0; i < n; ++i)
      x[i] = static_cast<float>(low + (high - low) * stream.next_double());
  } else if (dtype == DType::kF64) {
    double* x = out.mutable_data<double>();
    for (size_t i = 0; i < n; ++i) x[i] = low + (high - low) * stream.next_double();
  } else {
    return not_float(dtype);
  }
  return out;
}

}  // namespace bb::cpu
