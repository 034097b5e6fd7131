// The CPU backend: runs pure ai.onnx functions on the SIMD kernels with planned memory.
#pragma once

#include "bb/roles/backend.h"

namespace bb {

/// The process-wide CPU backend. Stateless; executables made by it are shared by threads.
const Backend& cpu_backend();

}  // namespace bb
