// Blocking constants of the matrix product, shared by the kernels and the scratch size query.
#pragma once

#include "bb/kernels/gemm.h"

namespace bb::kernels {

/// Steps of k per packed panel: 128 x 64 floats are 32 KiB, two thirds of a first-level cache.
inline constexpr size_t kGemmDepth = 128;
/// Widest panel in bytes of one k step: 4 registers of 64 bytes.
inline constexpr size_t kGemmPanelBytes = 256;

/// Whether panels of B are copied: when it is transposed, or when its rows are read often enough
/// and lie far enough apart that copying pays.
bool gemm_packs_b(const GemmShape& shape);

}  // namespace bb::kernels
