// Pass expand: replaces model operations by reads and writes of state cells and calls of part
// functions.
//
// A read that belongs to an operation with inputs waits for them: what it reads is the state at the
// moment the operation could run, as when the operation were one step.
#include <cmath>

#include "bb/base/config.h"
#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"
#include "bb/compiler/tables.h"

namespace bb::compiler {
namespace {

class Expander {
 public:
  Expander(const ir::Model& model, const ir::Function& entry) : model_(model), names_(entry) {}

  Status add(const ir::Node& node) {
    if (node.domain != ir::domain::kModel) {
      nodes_.push_back(node);
      return {};
    }
    op_ = &node;
    slot_ = node.string_attr("slot");
    BB_ASSIGN_OR_RETURN(layout_, read_layout(model_, slot_));
    flat_ = ir::Type::tensor(layout_.dtype, Shape{layout_.size}).text();
    if (node.op == "Params") return params();
    if (node.op == "LoadParameters") return load_parameters();
    if (node.op == "Grad") return gradient(out(0), out(1));
    if (node.op == "TrainStep") return train_step();
    if (node.op == "Delta") return delta();
    if (node.op == "ApplyDelta") return apply_delta();
    if (node.op == "Forward") return forward();
    if (node.op == "Evaluate") return evaluate();
    return node_error(node, "unknown_operator", "no such model operation", node.op);
  }
  std::vector<ir::Node> take() { return std::move(nodes_); }

 private:
  /// Output i of the operation, or a new name where the author ignores it.
  std::string out(size_t i) {
    const bool named = i < op_->outputs.size() && !op_->outputs[i].empty();
    return named ? op_->outputs[i] : names_.fresh(op_->name + "/out" + std::to_string(i));
  }
  ir::Node& emit(std::string_view domain, std::string op, std::vector<std::string> inputs,
                 std::vector<std::string> outputs) {
    ir::Node node;
    node.domain = std::string(domain);
    node.name = op_->name + "/" + op + "_" + std::to_string(nodes_.size());
    node.op = std::move(op);
    node.inputs = std::move(inputs);
    node.outputs = std::move(outputs);
    node.meta = op_->meta;
    nodes_.push_back(std::move(node));
    return nodes_.back();
  }
  void set_cell(ir::Node& node, const std::string& slot, const std::string& cell,
                const std::string& init) {
    node.attrs = {{"slot", slot}, {"cell", cell}, {"type", flat_}, {"init", init}};
  }
  /// Reads a cell into `value` once everything the operation takes is there.
  void read_into(const std::string& value, const std::string& slot, const std::string& cell,
                 const std::string& init) {
    ir::Node& node = emit(ir::domain::kState, "Read", {}, {value});
    set_cell(node, slot, cell, init);
    for (const std::string& name : op_->inputs) add_order(node, name);
  }
  std::string read(const std::string& cell) {
    std::string value = names_.fresh(op_->name + "/" + cell);
    read_into(value, slot_, cell, "layout");
    return value;
  }
  void write(const std::string& trigger, const std::string& slot, const std::string& cell,
             const std::string& init, const std::string& value) {
    ir::Node& node = emit(ir::domain::kState, "Write", {value}, {trigger});
    set_cell(node, slot, cell, init);
    for (const std::string& name : order_inputs(*op_)) add_order(node, name);
  }
  std::string write_new(const std::string& slot, const std::string& cell, const std::string& init,
                        const std::string& value) {
    std::string trigger = names_.fresh(op_->name + "/" + cell + "_written");
    write(trigger, slot, cell, init, value);
    return trigger;
  }
  void call(const std::string& part, std::vector<std::string> inputs,
            std::vector<std::string> outputs) {
    emit(ir::domain::kPart, slot_ + "." + part, std::move(inputs), std::move(outputs))
        .meta["bb.slot"] = slot_;
  }

  Status params() {
    read_into(out(0), slot_, "params", "layout");
    return {};
  }
  Status load_parameters() {
    const std::string& value = op_->inputs[0];
    emit(ir::domain::kFlow, "Join",
         {write_new(slot_, "params", "layout", value),
          write_new(slot_, "reference", "layout", value)},
         {out(0)});
    return {};
  }
  Status gradient(const std::string& loss, const std::string& grad) {
    params_ = read("params");
    call("gradient", {params_, op_->inputs[0], op_->inputs[1]}, {loss, grad});
    return {};
  }
  Status train_step();
  Status delta() {
    const std::string params = read("params");
    emit(ir::domain::kOnnx, "Sub", {params, read("reference")}, {out(0)});
    return {};
  }
  Status apply_delta();
  Status forward() {
    call("predict", {read("params"), op_->inputs[0]}, {out(0)});
    return {};
  }
  Status evaluate() {
    const std::string params = read("params");
    emit(ir::domain::kEvaluate, slot_, {params, op_->inputs[0], op_->inputs[1]},
         {out(0), out(1), out(2)})
        .meta["bb.slot"] = slot_;
    return {};
  }
  Status check_optimizer(const std::string& optimizer);

  const ir::Model& model_;
  Names names_;
  std::vector<ir::Node> nodes_;
  std::map<std::string, std::string> model_of_optimizer_;
  const ir::Node* op_ = nullptr;
  std::string slot_, flat_, params_;
  Layout layout_;
};

/// An optimizer slot keeps its cells for one model only.
Status Expander::check_optimizer(const std::string& optimizer) {
  const auto [found, added] = model_of_optimizer_.emplace(optimizer, slot_);
  if (added || found->second == slot_) return {};
  return node_error(
      *op_, "optimizer_shared",
      "optimizer slot \"" + optimizer + "\" already serves model \"" + found->second + "\"", slot_,
      "declare one OptimizerSlot per model");
}

Status Expander::train_step() {
  const std::string optimizer = op_->string_attr("optimizer");
  BB_RETURN_IF_ERROR(check_optimizer(optimizer));
  const ir::Function& step = *part_of(model_, optimizer, "step");
  const Result<Config> cells = Config::parse(meta_of(step.meta, "bb.cells"));
  const size_t count = step.inputs.size() - std::min<size_t>(2, step.inputs.size());
  if (!cells.ok() || !cells->is_list() || cells->as_list().size() != count ||
      step.inputs.size() < 2 || step.outputs.size() != count + 1)
    return node_error(*op_, "bad_part", "the optimizer's step does not fit its table of cells",
                      optimizer, "bind an optimizer of bb.optimizers");
  const std::string grad = names_.fresh(op_->name + "/grad");
  BB_RETURN_IF_ERROR(gradient(out(1), grad));
  std::vector<std::string> inputs = {params_, grad};
  std::vector<std::string> outputs = {names_.fresh(op_->name + "/params_out")};
  std::vector<std::pair<std::string, std::string>> cell_inits;
  for (const Config& cell : cells->as_list()) {
    const Config& init = cell.get("init");
    if (!cell.get("name").is_string() || !(init.is_number() || init.is_null()))
      return node_error(*op_, "bad_part", "the optimizer's table of cells is malformed",
                        cell.text(), "bind an optimizer of bb.optimizers");
    cell_inits.emplace_back(cell.get("name").as_string(),
                            Config(init.is_null() ? 0.0 : init.as_number()).text());
    inputs.push_back(names_.fresh(op_->name + "/" + cell_inits.back().first));
    read_into(inputs.back(), optimizer, cell_inits.back().first, cell_inits.back().second);
    outputs.push_back(names_.fresh(op_->name + "/" + cell_inits.back().first + "_out"));
  }
  emit(ir::domain::kPart, optimizer + ".step", inputs, outputs).meta["bb.slot"] = optimizer;
  std::vector<std::string> written = {write_new(slot_, "params", "layout", outputs[0])};
  for (size_t i = 0; i < cell_inits.size(); ++i)
    written.push_back(
        write_new(optimizer, cell_inits[i].first, cell_inits[i].second, outputs[i + 1]));
  emit(ir::domain::kFlow, "Join", written, {out(0)});
  return {};
}

Status Expander::apply_delta() {
  std::vector<std::string> inputs = {read("params"), op_->inputs[0]};
  const bool scaled = has_scale(*op_);
  if (scaled) {
    BB_ASSIGN_OR_RETURN(const double scale, read_number(*op_, "scale"));
    if (layout_.dtype == DType::kF32 && !std::isfinite(static_cast<float>(scale)))
      return node_error(*op_, "bad_number", "the scale does not fit float32",
                        op_->string_attr("scale"), "give a smaller scale");
    const Tensor value = layout_.dtype == DType::kF64 ? Tensor::scalar(scale)
                                                      : Tensor::scalar(static_cast<float>(scale));
    inputs.push_back(names_.fresh(op_->name + "/scale"));
    emit(ir::domain::kOnnx, "Constant", {}, {inputs.back()}).attrs["value"] = value;
  }
  const std::string result = names_.fresh(op_->name + "/params_out");
  call(scaled ? "apply_scaled" : "apply", inputs, {result});
  write(out(0), slot_, "params", "layout", result);
  return {};
}

}  // namespace

Result<PassResult> run_expand(ir::Model model) {
  ir::Function& entry = *entry_of(model);
  Expander expander(model, entry);
  bool modified = false;
  for (const ir::Node& node : entry.nodes) {
    BB_RETURN_IF_ERROR(expander.add(node));
    modified |= node.domain == ir::domain::kModel;
  }
  entry.nodes = expander.take();
  return PassResult{std::move(model), modified};
}

}  // namespace bb::compiler
