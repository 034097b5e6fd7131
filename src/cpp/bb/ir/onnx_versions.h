// The ONNX versions this room reads and writes, and the canonical form both sides share.
#pragma once

#include <cstdint>
#include <string_view>

#include "bb/ir/graph.h"

namespace bb::ir {

inline constexpr int64_t kIrVersion = 10;
inline constexpr std::string_view kProducer = "bytesandbrains";
inline constexpr std::string_view kOwnPrefix = "ai.bytesandbrains.";

/// The opset version of a domain: 18 for ai.onnx, 1 for ours.
constexpr int64_t version_of(std::string_view domain) { return domain.empty() ? 18 : 1; }

/// Moves value_int, value_ints, value_float or value_floats of a Constant into `value`.
void normalise_constant(Node& node);

}  // namespace bb::ir
