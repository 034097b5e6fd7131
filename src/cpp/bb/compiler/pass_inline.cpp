// Pass inline: replaces every module call by the body of its callee, deepest first, in recorded
// order.
#include <algorithm>

#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"

namespace bb::compiler {
namespace {

/// Operations of one program; beyond it a few nested calls have multiplied the program.
constexpr size_t kMaxNodes = 50'000;
/// Modules in modules; deeper programs are generated, not written.
constexpr size_t kMaxDepth = 256;

bool is_call(const ir::Node& node) { return node.domain == ir::domain::kModule; }

class Inliner {
 public:
  explicit Inliner(ir::Model& model) : model_(model) {}

  /// Makes `function` free of calls; `path` is the chain of callers.
  Status flatten(ir::Function& function) {
    if (done_.contains(function.name)) return {};
    path_.push_back(function.name);
    BB_RETURN_IF_ERROR(flatten_callees(function));
    BB_RETURN_IF_ERROR(splice(function));
    path_.pop_back();
    done_.insert(function.name);
    return {};
  }
  bool modified() const { return modified_; }

 private:
  Status flatten_callees(const ir::Function& function) {
    for (const ir::Node& node : function.nodes) {
      if (!is_call(node)) continue;
      ir::Function* callee = model_.find(ir::domain::kModule, node.op);
      if (callee == nullptr)
        return node_error(node, "unknown_function", "the called module does not exist", node.op);
      const auto seen = std::find(path_.begin(), path_.end(), node.op);
      if (seen != path_.end()) return recursion(node, seen);
      if (path_.size() >= kMaxDepth)
        return node_error(node, "too_deep", "modules are nested too deeply",
                          std::to_string(path_.size()), "nest fewer sub-modules");
      BB_RETURN_IF_ERROR(flatten(*callee));
    }
    return {};
  }

  Error recursion(const ir::Node& node, std::vector<std::string>::iterator from) const {
    std::string cycle;
    for (auto at = from; at != path_.end(); ++at) cycle += *at + " -> ";
    return node_error(node, "recursion", "a module calls itself", cycle + *from,
                      "a body is unrolled at compile time; repeat rounds with bb.Driver");
  }

  Status splice(ir::Function& function) {
    Names names(function);
    Substitution renamed;
    std::vector<ir::Node> nodes;
    for (ir::Node& node : function.nodes) {
      renamed.apply(node.inputs);
      if (!is_call(node)) {
        nodes.push_back(std::move(node));
        continue;
      }
      modified_ = true;
      BB_RETURN_IF_ERROR(splice_call(node, names, renamed, nodes));
      if (nodes.size() > kMaxNodes)
        return node_error(node, "too_large", "the program has too many operations once inlined",
                          std::to_string(nodes.size()), "call fewer sub-modules");
    }
    function.nodes = std::move(nodes);
    renamed.apply(function.outputs);
    return {};
  }

  Status splice_call(const ir::Node& call, Names& names, Substitution& renamed,
                     std::vector<ir::Node>& nodes) {
    const ir::Function& callee = *model_.find(ir::domain::kModule, call.op);
    BB_ASSIGN_OR_RETURN(const std::vector<std::string> actuals, bind_arguments(call, callee));
    if (call.outputs.size() > callee.outputs.size())
      return node_error(call, "bad_call", "the call has more outputs than the module", call.op);
    Body body = instantiate(callee, actuals, call.name, call.meta, names);
    for (ir::Node& node : body.nodes) {
      renamed.apply(node.inputs);
      if (!node.is(ir::domain::kFlow, "Output")) {
        nodes.push_back(std::move(node));
        continue;
      }
      if (!order_inputs(node).empty())
        return node_error(node, "order_on_output", "an output of a sub-module cannot wait", call.op,
                          "give after= to the operation that makes the value");
      renamed.replace(node.outputs[0], node.inputs[0]);
    }
    for (size_t i = 0; i < call.outputs.size(); ++i)
      if (!call.outputs[i].empty()) renamed.replace(call.outputs[i], renamed.of(body.outputs[i]));
    return {};
  }

  /// Arguments in the callee's order, bound by name.
  static Result<std::vector<std::string>> bind_arguments(const ir::Node& call,
                                                         const ir::Function& callee) {
    const std::vector<std::string> given = call.strings_attr("inputs_by_name");
    std::vector<std::string> actuals;
    if (given.size() != call.inputs.size() || given.size() != callee.inputs.size())
      return node_error(call, "bad_call", "the call's arguments do not match the module's inputs",
                        call.op, "give every input by name");
    for (const std::string& formal : callee.inputs) {
      const auto found = std::find(given.begin(), given.end(), formal);
      if (found == given.end())
        return node_error(call, "missing_argument", "input \"" + formal + "\" is not given", formal,
                          "write " + formal + "=... in the call");
      actuals.push_back(call.inputs[static_cast<size_t>(found - given.begin())]);
    }
    return actuals;
  }

  ir::Model& model_;
  std::vector<std::string> path_;
  std::set<std::string> done_;
  bool modified_ = false;
};

}  // namespace

Result<PassResult> run_inline(ir::Model model) {
  Inliner inliner(model);
  const std::string entry = meta_of(model.meta, "bb.entry");
  BB_RETURN_IF_ERROR(inliner.flatten(*entry_of(model)));
  const size_t removed = std::erase_if(model.functions, [&](const ir::Function& function) {
    return function.domain == ir::domain::kModule && function.name != entry;
  });
  return PassResult{std::move(model), inliner.modified() || removed > 0};
}

}  // namespace bb::compiler
