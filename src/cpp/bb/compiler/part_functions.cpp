// Builds objective, gradient, predict, evaluate and apply of a model slot.
#include "bb/compiler/part_functions.h"

#include "bb/compiler/function_builder.h"

namespace bb::compiler {
namespace {

using Inputs = std::vector<std::pair<std::string, ir::Type>>;

Error bad_part(const std::string& slot, std::string code, std::string message, std::string value) {
  return make_error(Fault::kCompile, std::move(code), std::move(message), std::move(value),
                    "give x and y types, such as bb.f32[\"N\", 64] and bb.i64[\"N\"]", slot);
}

Result<ir::Type> tensor_input(const std::string& slot, const ir::Function& function, size_t i) {
  const auto found = function.types.find(function.inputs[i]);
  if (found == function.types.end() || !found->second.is_tensor())
    return bad_part(slot, "part_untyped", "an input of " + function.name + " has no tensor type",
                    function.inputs[i]);
  return found->second;
}

/// One value per parameter, sliced out of the flat buffer and shaped.
std::vector<std::string> views(FunctionBuilder& builder, const Layout& layout) {
  std::vector<std::string> out;
  for (const Parameter& parameter : layout.parameters) {
    std::string value = "params";
    if (parameter.count != layout.size)
      value = builder.node("Slice",
                           {value, builder.ints({parameter.offset}),
                            builder.ints({parameter.offset + parameter.count}), builder.ints({0})});
    if (parameter.shape != Shape{parameter.count})
      value = builder.node("Reshape", {value, builder.ints(parameter.shape)});
    out.push_back(value);
  }
  return out;
}

std::string forward(FunctionBuilder& builder, const ModelPart& part,
                    const std::vector<std::string>& parameters) {
  std::vector<std::string> actuals = {"x"};
  actuals.insert(actuals.end(), parameters.begin(), parameters.end());
  return builder.call(*part.forward, actuals, "forward")[0];
}

ir::Type scalar_type(DType dtype) { return ir::Type::tensor(dtype, Shape{}); }

std::string cast(FunctionBuilder& builder, const std::string& value, DType dtype) {
  return builder.node("Cast", {value}, {{"to", static_cast<int64_t>(dtype)}});
}

/// The number of true elements of `mask`, as a float scalar; exact up to 2^24 in float32.
std::string count_true(FunctionBuilder& builder, const std::string& mask, DType dtype) {
  return builder.node("ReduceSum", {cast(builder, mask, dtype)}, {{"keepdims", int64_t{0}}});
}

bool labels_are_classes(const ModelPart& part, const ir::Type& logits) {
  const bool integer = part.y.dtype == DType::kI64 || part.y.dtype == DType::kI32;
  return integer && part.y.shape && logits.shape && logits.shape->size() >= 2 &&
         logits.shape->size() == part.y.shape->size() + 1;
}

std::string correct_rows(FunctionBuilder& builder, const ModelPart& part, const std::string& logits,
                         const ir::Type& logits_type) {
  if (!labels_are_classes(part, logits_type)) return builder.constant(Tensor::scalar<int64_t>(0));
  std::string best =
      builder.node("ArgMax", {logits}, {{"axis", int64_t{1}}, {"keepdims", int64_t{0}}});
  if (part.y.dtype != DType::kI64) best = cast(builder, best, part.y.dtype);
  const std::string hits = builder.node("Equal", {best, "y"});
  return cast(builder, count_true(builder, hits, part.layout.dtype), DType::kI64);
}

}  // namespace

ir::Type ModelPart::flat() const { return ir::Type::tensor(layout.dtype, Shape{layout.size}); }

std::string parameter_input(size_t i) { return "p" + std::to_string(i); }

Result<ModelPart> read_model_part(const ir::Model& model, const std::string& slot) {
  ModelPart part;
  part.slot = slot;
  BB_ASSIGN_OR_RETURN(part.layout, read_layout(model, slot));
  part.forward = part_of(model, slot, "forward");
  part.loss = part_of(model, slot, "loss");
  if (part.loss == nullptr || part.loss->inputs.size() != 2 || part.loss->outputs.size() != 1)
    return bad_part(slot, "bad_part", "a loss takes logits and y, and gives the loss", slot);
  BB_ASSIGN_OR_RETURN(part.x, tensor_input(slot, *part.forward, 0));
  BB_ASSIGN_OR_RETURN(part.y, tensor_input(slot, *part.loss, 1));
  for (size_t i = 0; i < part.layout.parameters.size(); ++i) {
    const Parameter& parameter = part.layout.parameters[i];
    const auto declared = part.forward->types.find(part.forward->inputs[i + 1]);
    const ir::Type type = ir::Type::tensor(parameter.dtype, parameter.shape);
    if (declared != part.forward->types.end() && declared->second != type)
      return bad_part(slot, "bad_part",
                      "parameter \"" + parameter.name + "\" is " + type.text() +
                          " in the layout but " + declared->second.text() + " in forward",
                      parameter.name);
  }
  return part;
}

Result<ir::Function> make_objective(const ir::Model& model, const ModelPart& part) {
  Inputs inputs = {{"x", part.x}, {"y", part.y}};
  std::vector<std::string> parameters;
  for (size_t i = 0; i < part.layout.parameters.size(); ++i) {
    const Parameter& parameter = part.layout.parameters[i];
    parameters.push_back(parameter_input(i));
    inputs.emplace_back(parameters.back(), ir::Type::tensor(parameter.dtype, parameter.shape));
  }
  FunctionBuilder builder(ir::domain::kPart, part.slot + ".objective", std::move(inputs), {"loss"});
  const std::string logits = forward(builder, part, parameters);
  builder.output(builder.call(*part.loss, {logits, "y"}, "loss")[0]);
  return builder.finish(model);
}

Result<ir::Function> make_gradient(const ir::Model& model, const ModelPart& part,
                                   const ir::Function& objective_gradient) {
  FunctionBuilder builder(ir::domain::kPart, part.slot + ".gradient",
                          {{"params", part.flat()}, {"x", part.x}, {"y", part.y}},
                          {"loss", "grad"});
  std::vector<std::string> actuals = {"x", "y"};
  for (std::string& value : views(builder, part.layout)) actuals.push_back(std::move(value));
  const std::vector<std::string> out = builder.call(objective_gradient, actuals, "gradient");
  std::vector<std::string> flat;
  for (size_t i = 0; i < part.layout.parameters.size(); ++i) {
    const Parameter& parameter = part.layout.parameters[i];
    const bool is_flat = parameter.shape.size() == 1;
    flat.push_back(is_flat
                       ? out[i + 1]
                       : builder.node("Reshape", {out[i + 1], builder.ints({parameter.count})}));
  }
  builder.output(out[0]);
  builder.output(flat.size() == 1 ? flat[0] : builder.node("Concat", flat, {{"axis", int64_t{0}}}));
  return builder.finish(model);
}

Result<ir::Function> make_predict(const ir::Model& model, const ModelPart& part) {
  FunctionBuilder builder(ir::domain::kPart, part.slot + ".predict",
                          {{"params", part.flat()}, {"x", part.x}}, {"logits"});
  builder.output(forward(builder, part, views(builder, part.layout)));
  return builder.finish(model);
}

Result<ir::Function> make_evaluate(const ir::Model& model, const ModelPart& part) {
  BB_ASSIGN_OR_RETURN(const ir::Function predict, make_predict(model, part));
  FunctionBuilder builder(ir::domain::kEvaluate, part.slot,
                          {{"params", part.flat()}, {"x", part.x}, {"y", part.y}},
                          {"logits", "loss_sum", "correct"});
  const std::string logits = builder.call(predict, {"params", "x"}, "predict")[0];
  const std::string loss = builder.call(*part.loss, {logits, "y"}, "loss")[0];
  const std::string rows =
      count_true(builder, builder.node("Equal", {"y", "y"}), part.layout.dtype);
  builder.output(logits);
  builder.output(builder.node("Mul", {loss, rows}));
  builder.output(correct_rows(builder, part, logits, predict.types.at("logits")));
  return builder.finish(model);
}

Result<ir::Function> make_apply(const ir::Model& model, const ModelPart& part, bool scaled) {
  Inputs inputs = {{"params", part.flat()}, {"delta", part.flat()}};
  if (scaled) inputs.emplace_back("scale", scalar_type(part.layout.dtype));
  FunctionBuilder builder(ir::domain::kPart, part.slot + (scaled ? ".apply_scaled" : ".apply"),
                          std::move(inputs), {"result"});
  const std::string step = scaled ? builder.node("Mul", {"delta", "scale"}) : "delta";
  builder.output(builder.node("Add", {"params", step}));
  return builder.finish(model);
}

}  // namespace bb::compiler
