// The functions of a model slot over its flat parameter buffer, built from its graph part.
#pragma once

#include <string>

#include "bb/compiler/tables.h"

namespace bb::compiler {

/// A model slot's graph part with the types of what it takes.
struct ModelPart {
  std::string slot;
  const ir::Function* forward = nullptr;  ///< (x, parameters…) -> logits
  const ir::Function* loss = nullptr;     ///< (logits, y) -> loss, the mean over the batch
  Layout layout;
  ir::Type x;
  ir::Type y;
  ir::Type flat() const;  ///< the flat parameter buffer
};
/// Errors: CompileError bad_layout, part_untyped, bad_part.
Result<ModelPart> read_model_part(const ir::Model& model, const std::string& slot);

/// `<slot>.objective`: (x, y, parameters…) -> loss; what differentiate sees.
Result<ir::Function> make_objective(const ir::Model& model, const ModelPart& part);
/// `<slot>.gradient`: (params, x, y) -> loss, flat gradient; from the gradient of the objective,
/// whose outputs are the loss and one gradient per parameter.
Result<ir::Function> make_gradient(const ir::Model& model, const ModelPart& part,
                                   const ir::Function& objective_gradient);
/// `<slot>.predict`: (params, x) -> logits.
Result<ir::Function> make_predict(const ir::Model& model, const ModelPart& part);
/// evaluate `<slot>`: (params, x, y) -> logits, loss_sum, correct. `correct` counts the rows whose
/// largest logit is at y; it is 0 where y is not one class per row.
Result<ir::Function> make_evaluate(const ir::Model& model, const ModelPart& part);
/// `<slot>.apply`: (params, delta, scale) -> params + scale * delta; without scale for `scaled`
/// false.
Result<ir::Function> make_apply(const ir::Model& model, const ModelPart& part, bool scaled);

/// Name of parameter i among the inputs of the objective.
std::string parameter_input(size_t i);

}  // namespace bb::compiler
