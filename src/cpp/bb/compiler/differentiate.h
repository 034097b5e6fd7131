// Reverse-mode differentiation of a function of ai.onnx nodes, producing ordinary ai.onnx nodes.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bb/ir/graph.h"

namespace bb::compiler {

/// The gradient function of one scalar output.
///
/// Args: `function` of ai.onnx nodes only (calls are inlined before), `output` a float value of one
/// element, `wrt` the names of float inputs.
/// Returns: a function with the same inputs; its outputs are `output`, then the gradient of each
/// `wrt` with that input's type, zero where `output` does not depend on it. Nodes that none of
/// these need are left out; every value has a type. Errors: CompileError unknown_value,
/// not_an_input, not_scalar, not_differentiable, no_gradient, undecidable_shape, not_constant, each
/// naming the node, its location and what to change.
Result<ir::Function> differentiate(const ir::Function& function, std::string_view output,
                                   std::span<const std::string> wrt);

}  // namespace bb::compiler
