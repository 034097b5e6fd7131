// Backend role: turns a pure ai.onnx function into something that runs.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "bb/base/philox.h"
#include "bb/ir/graph.h"
#include "bb/tensor/tensor.h"

namespace bb {

/// A prepared function. Immutable and shared by threads; scratch memory is per thread.
class Executable {
 public:
  virtual ~Executable() = default;
  /// Runs on inputs in the function's order; fills `outputs` (resized by the callee's count).
  /// Inputs are never modified. Errors: DataError on dtypes or shapes the function does not take.
  virtual Status run(std::span<const Tensor> inputs, std::span<Tensor> outputs) const = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  /// Resolves every operator and attribute once. Errors: InstallError listing every operator it
  /// lacks.
  virtual Result<std::shared_ptr<const Executable>> prepare(const ir::Function& function) const = 0;
  /// Normal draws with mean 0 and deviation `std`, in element order from `stream`. float32 or
  /// float64.
  virtual Result<Tensor> normals(DType dtype, Shape shape, double std, Stream stream) const = 0;
  /// Uniform draws in [low, high), in element order from `stream`. float32 or float64.
  virtual Result<Tensor> uniforms(DType dtype, Shape shape, double low, double high,
                                  Stream stream) const = 0;
};

}  // namespace bb
