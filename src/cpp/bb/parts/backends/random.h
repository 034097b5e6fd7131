// Random draws for initial parameters.
#pragma once

#include "bb/base/philox.h"
#include "bb/tensor/tensor.h"

namespace bb::cpu {

/// Normal draws with mean 0 and deviation `std` (Box and Muller on the stream's Philox blocks).
Result<Tensor> normals(DType dtype, Shape shape, double std, const Stream& stream);
/// Uniform draws in [low, high), in element order.
Result<Tensor> uniforms(DType dtype, Shape shape, double low, double high, Stream stream);

}  // namespace bb::cpu
