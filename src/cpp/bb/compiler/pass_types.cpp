// Pass types: replaces `<slot>.D` by numbers, types every value of the entry, checks the state
// cells.
#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"
#include "bb/compiler/tables.h"
#include "bb/ir/ops.h"

namespace bb::compiler {
namespace {

using Sizes = std::map<std::string, int64_t>;  // "<slot>.D" -> number

Result<Sizes> sizes_of(const ir::Model& model) {
  Sizes out;
  for (const ir::Function& function : model.functions) {
    if (function.domain != ir::domain::kEvaluate) continue;
    BB_ASSIGN_OR_RETURN(const Layout layout, read_layout(model, function.name));
    out[function.name + ".D"] = layout.size;
  }
  return out;
}

void resolve(ir::Type& type, const Sizes& sizes) {
  if (!type.shape) return;
  for (ir::Dim& dim : *type.shape) {
    const auto found = dim.known() ? sizes.end() : sizes.find(dim.symbol);
    if (found != sizes.end()) dim = ir::Dim{found->second, {}};
  }
}

Status resolve_cells(ir::Function& entry, const Sizes& sizes) {
  for (ir::Node& node : entry.nodes) {
    if (node.domain != ir::domain::kState) continue;
    Result<ir::Type> type = ir::Type::parse(node.string_attr("type"));
    if (!type.ok() || !type->is_tensor())
      return node_error(node, "cell_type", "the state cell has no tensor type",
                        node.string_attr("type"), "declare it with g.state(name, like=value)");
    resolve(*type, sizes);
    node.attrs["type"] = type->text();
  }
  return {};
}

bool is_batch(const ir::Node& node) { return node.is(ir::domain::kData, "NextBatch"); }

/// A batch that feeds a part has the types that the part declares.
void declare_from_uses(ir::Function& entry, const ir::Model& model) {
  const auto made_by = ir::producers(entry);
  for (const ir::Node& node : entry.nodes) {
    const ir::Function* callee =
        ir::is_call_domain(node.domain) ? model.find(node.domain, node.op) : nullptr;
    if (callee == nullptr) continue;
    for (size_t i = 0; i < std::min(node.inputs.size(), callee->inputs.size()); ++i) {
      const auto found = made_by.find(node.inputs[i]);
      if (found == made_by.end() || !is_batch(entry.nodes[found->second])) continue;
      ir::Type& type = entry.types[node.inputs[i]];
      if (!type.complete()) type = callee->types.at(callee->inputs[i]);
    }
  }
}

/// What no part takes has the types of the only model, if there is one.
void declare_from_model(ir::Function& entry, const ir::Model& model) {
  const ir::Function* only = nullptr;
  for (const ir::Function& function : model.functions) {
    if (function.domain != ir::domain::kEvaluate) continue;
    if (only != nullptr) return;
    only = &function;
  }
  if (only == nullptr) return;
  for (const ir::Node& node : entry.nodes) {
    if (!is_batch(node)) continue;
    for (size_t i = 0; i < std::min<size_t>(2, node.outputs.size()); ++i) {
      ir::Type& type = entry.types[node.outputs[i]];
      if (!type.complete()) type = only->types.at(only->inputs[i + 1]);
    }
  }
}

struct Cell {
  const ir::Node* first = nullptr;
  const ir::Node* read = nullptr;
  bool written = false;
};

Status check_cell_use(const ir::Node& node, const ir::Function& entry, Cell& cell) {
  if (cell.first == nullptr) cell.first = &node;
  const std::string name = node.string_attr("cell");
  for (const char* attr : {"type", "init"}) {
    if (node.string_attr(attr) == cell.first->string_attr(attr)) continue;
    return node_error(node, "cell_conflict",
                      "state cell \"" + name + "\" has " + attr + " " +
                          cell.first->string_attr(attr) + " at " + location_of(*cell.first) +
                          " but " + node.string_attr(attr) + " here",
                      node.string_attr(attr), "give the two cells different names");
  }
  if (node.op == "Read") {
    cell.read = &node;
    return {};
  }
  cell.written = true;
  const ir::Type& value = entry.types.at(node.inputs[0]);
  if (value.text() == node.string_attr("type")) return {};
  return node_error(node, "cell_type",
                    "state cell \"" + name + "\" holds " + node.string_attr("type") +
                        " but is given " + value.text(),
                    value.text(), "write a value of the cell's type");
}

Status check_cells(const ir::Function& entry) {
  std::map<std::pair<std::string, std::string>, Cell> cells;
  for (const ir::Node& node : entry.nodes) {
    if (node.domain != ir::domain::kState) continue;
    Cell& cell = cells[{node.string_attr("slot"), node.string_attr("cell")}];
    BB_RETURN_IF_ERROR(check_cell_use(node, entry, cell));
  }
  for (const auto& [key, cell] : cells)
    if (key.first.empty() && cell.read != nullptr && !cell.written)
      return node_error(*cell.read, "cell_never_written",
                        "state cell \"" + key.second + "\" is read but never written", key.second,
                        "write it, or use g.const for a value that never changes");
  return {};
}

}  // namespace

Result<PassResult> run_types(ir::Model model) {
  BB_ASSIGN_OR_RETURN(const Sizes sizes, sizes_of(model));
  ir::Function& entry = *entry_of(model);
  for (auto& [name, type] : entry.types) resolve(type, sizes);
  BB_RETURN_IF_ERROR(resolve_cells(entry, sizes));
  declare_from_uses(entry, model);
  declare_from_model(entry, model);
  BB_RETURN_IF_ERROR(ir::infer_types(entry, model));
  BB_RETURN_IF_ERROR(check_cells(entry));
  return PassResult{std::move(model), true};
}

}  // namespace bb::compiler
