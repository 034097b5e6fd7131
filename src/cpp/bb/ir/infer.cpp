// Fills in the types of all values of a function, following calls.
#include <algorithm>
#include <map>
#include <set>

#include "bb/base/config.h"
#include "bb/ir/node_checks.h"
#include "bb/ir/type_rules.h"
#include "bb/ir/unify.h"

namespace bb::ir {
namespace {

constexpr size_t kMaxDepth = 64;  // nested calls; keeps hostile models off the end of the stack

Error compile_error(std::string code, std::string what, std::string value = {},
                    std::string hint = {}) {
  return make_error(Fault::kCompile, std::move(code), std::move(what), std::move(value),
                    std::move(hint));
}

/// What is shared by the functions of one request: results of calls, edges, the call stack.
class Session {
 public:
  explicit Session(const Model& model) : model_(model) {}

  Status infer(Function& function);
  /// Output types of a call with these argument types.
  Result<Types> call(const Function& callee, const Types& arguments);
  const Model& model() const { return model_; }
  /// The type that the edge table gives to an edge, or kAny.
  Type edge_type(int64_t id);

 private:
  Result<Types> infer_copy(const Function& callee, const Types& arguments);

  const Model& model_;
  std::vector<const Function*> stack_;
  std::map<std::string, Result<Types>> known_calls_;
  std::optional<std::map<int64_t, Type>> edges_;
};

/// One function: types by name, integers known before running, and what is wrong.
class FunctionTypes {
 public:
  FunctionTypes(const Function& function, Session& session)
      : function_(function), session_(session), done_(function.nodes.size(), false) {}

  /// Repeats while types appear: a compiled gather learns its rows from a later Contribute.
  Status run() {
    size_t before = 0;
    do {
      before = types_.size();
      problems_ = Problems();
      failed_.clear();
      if (before == 0) take_inputs();
      for (size_t i = 0; i < function_.nodes.size(); ++i)
        if (!done_[i]) done_[i] = infer_node(function_.nodes[i]);
    } while (!problems_.empty() && types_.size() > before && before_inputs_ok_);
    for (const std::string& name : function_.outputs)
      if (problems_.empty() && !types_.contains(name))
        problems_.add(compile_error("undefined_value", "a function output is never made", name));
    return problems_.status();
  }

  std::map<std::string, Type> take_types() { return std::move(types_); }

 private:
  friend struct InputView;

  void take_inputs() {
    for (const std::string& name : function_.inputs) {
      const Type type = declared(name);
      if (type.complete()) {
        types_.emplace(name, type);
        continue;
      }
      before_inputs_ok_ = false;
      failed_.insert(name);
      problems_.add(compile_error("undecidable_type", "the type of a function input is not known",
                                  name + ": " + type.text(),
                                  "declare its dtype and every dimension"));
    }
  }

  Type declared(const std::string& name) const {
    const auto found = function_.types.find(name);
    return found == function_.types.end() ? Type{} : found->second;
  }

  /// Types of the data inputs; absent when one of them has failed before or is missing.
  std::optional<Types> input_types(const Node& node) {
    Types out;
    for (size_t i = 0; i < data_input_count(node); ++i) {
      const std::string& name = node.inputs[i];
      const auto found = types_.find(name);
      if (name.empty()) {
        out.emplace_back();
      } else if (found != types_.end()) {
        out.push_back(found->second);
      } else {
        if (!failed_.contains(name))
          problems_.add(
              place_of(node),
              compile_error("undefined_value", "an input is not made before it is used", name));
        return std::nullopt;
      }
    }
    return out;
  }

  /// True when the outputs got their types.
  bool infer_node(const Node& node) {
    const size_t before = problems_.size();
    const OpInfo* info = find_op(node.domain, node.op);
    if (info) check_node(node, *info, problems_);
    const std::optional<Types> inputs = input_types(node);
    if (inputs && problems_.size() == before) {
      Result<Types> outputs = output_types(node, *inputs);
      if (!outputs.ok())
        problems_.add(place_of(node), std::move(outputs).error());
      else
        store(node, *inputs, *outputs);
    }
    const bool ok = inputs && problems_.size() == before;
    if (!ok) failed_.insert(node.outputs.begin(), node.outputs.end());
    return ok;
  }

  Result<Types> output_types(const Node& node, const Types& inputs);
  Result<Types> call_types(const Node& node, const Types& inputs);
  Result<Types> declared_outputs(const Node& node, const Types& inputs);
  Result<Type> part_output(const Node& node, const Types& inputs);
  Type row_type(const Node& aggregate);
  void store(const Node& node, const Types& inputs, const Types& outputs);

  const Function& function_;
  Session& session_;
  Problems problems_;
  std::vector<bool> done_;
  bool before_inputs_ok_ = true;
  std::set<std::string> failed_;
  std::map<std::string, Type> types_;
  std::map<std::string, Tensor> constants_;
  std::map<std::string, std::vector<SymbolicInt>> integers_;
};

/// Gives a type rule access to what is known of the inputs of one node.
struct InputView {
  const FunctionTypes& function;
  const Node& node;

  template <class T>
  static const T* find(const std::map<std::string, T>& from, const Node& node, size_t i) {
    if (i >= node.inputs.size()) return nullptr;
    const auto found = from.find(node.inputs[i]);
    return found == from.end() ? nullptr : &found->second;
  }
  static const Tensor* constant(const void* self, size_t i) {
    const auto* view = static_cast<const InputView*>(self);
    return find(view->function.constants_, view->node, i);
  }
  static const std::vector<SymbolicInt>* integers(const void* self, size_t i) {
    const auto* view = static_cast<const InputView*>(self);
    return find(view->function.integers_, view->node, i);
  }
  TypeContext context(const Types& inputs, const Types& declared) const {
    return TypeContext{node, inputs, &constant, this, &integers, declared};
  }
};

Result<Types> FunctionTypes::output_types(const Node& node, const Types& inputs) {
  if (is_call_domain(node.domain)) return call_types(node, inputs);
  const OpInfo* info = find_op(node.domain, node.op);
  if (!info) return unknown_op(node);
  BB_ASSIGN_OR_RETURN(const Types known, declared_outputs(node, inputs));
  const InputView view{*this, node};
  Result<Types> out = info->type_rule(view.context(inputs, known));
  const bool decided =
      std::all_of(known.begin(), known.end(), [](const Type& type) { return type.complete(); });
  if (!out.ok() && out.error().code == "undecidable_type" && decided) out = known;
  if (!out.ok()) return out;
  BB_CHECK(out->size() >= node.outputs.size());
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    std::optional<Type> both = merged(known[i], (*out)[i]);
    if (!both)
      return compile_error(
          "type_mismatch",
          "the value is declared as " + known[i].text() + " but is " + (*out)[i].text(),
          node.outputs[i]);
    if (!both->complete())
      return compile_error("undecidable_type", "a dimension of the result is not known",
                           call_text(view.context(inputs, known)) + " -> " + both->text());
    (*out)[i] = std::move(*both);
  }
  return out;
}

Result<Types> FunctionTypes::call_types(const Node& node, const Types& inputs) {
  const Function* callee = session_.model().find(node.domain, node.op);
  if (!callee) return compile_error("unknown_function", "the called function is missing", node.op);
  const std::vector<std::string> names = node.strings_attr("inputs_by_name");
  const bool by_name = node.attr("inputs_by_name") != nullptr;
  Types arguments(callee->inputs.size());
  const bool arity = inputs.size() == arguments.size() &&
                     node.outputs.size() == callee->outputs.size() &&
                     (!by_name || names.size() == inputs.size());
  if (!arity)
    return compile_error("bad_arity", "the call has another number of inputs or outputs", node.op);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto at = by_name ? std::find(callee->inputs.begin(), callee->inputs.end(), names[i])
                            : callee->inputs.begin() + static_cast<std::ptrdiff_t>(i);
    if (at == callee->inputs.end())
      return compile_error("unknown_input", "the called function has no such input", names[i]);
    arguments[static_cast<size_t>(at - callee->inputs.begin())] = inputs[i];
  }
  return session_.call(*callee, arguments);
}

/// The declared output types, improved by what the edges, the gather or the part of a slot say.
Result<Types> FunctionTypes::declared_outputs(const Node& node, const Types& inputs) {
  Types out;
  for (const std::string& name : node.outputs) out.push_back(declared(name));
  const auto improve = [&](size_t i, const Type& better) {
    if (i < out.size()) out[i] = merged(out[i], better).value_or(better);
  };
  if (node.is(domain::kWire, "Recv")) {
    const std::vector<int64_t> edges = node.ints_attr("edges");
    for (size_t i = 0; i < edges.size(); ++i) improve(i, session_.edge_type(edges[i]));
  } else if (node.is(domain::kAggregate, "Aggregate")) {
    improve(0, row_type(node));
  } else if (node.is(domain::kModel, "Forward") || node.is(domain::kModel, "Evaluate")) {
    BB_ASSIGN_OR_RETURN(const Type logits, part_output(node, inputs));
    improve(0, logits);
  }
  return out;
}

/// Type of the output of a slot's forward function for this x; kAny when the slot has none.
Result<Type> FunctionTypes::part_output(const Node& node, const Types& inputs) {
  const std::string name = node.string_attr("slot") + ".forward";
  const Function* part = session_.model().find(domain::kPart, name);
  if (!part || part->inputs.empty() || part->outputs.size() != 1) return Type{};
  Types arguments = {inputs[0]};
  for (size_t i = 1; i < part->inputs.size(); ++i) {
    const auto found = part->types.find(part->inputs[i]);
    arguments.push_back(found == part->types.end() ? Type{} : found->second);
  }
  BB_ASSIGN_OR_RETURN(const Types out, session_.call(*part, arguments));
  return out[0];
}

/// Type of one row of an aggregation: of x of the recorded gather, or of a Contribute to it.
Type FunctionTypes::row_type(const Node& aggregate) {
  const auto type_at = [&](const std::string& name) {
    const auto found = types_.find(name);
    return found == types_.end() ? declared(name) : found->second;
  };
  for (const Node& gather : function_.nodes) {
    const bool made_here = gather.is(domain::kFlow, "Gather") && !gather.outputs.empty() &&
                           gather.outputs[0] == aggregate.inputs[0];
    if (!made_here || gather.inputs.empty()) continue;
    const int64_t id = gather.int_attr("gather", -1);
    if (!gather.attr("gather")) return type_at(gather.inputs[0]);
    for (const Node& node : function_.nodes)
      if (node.is(domain::kFlow, "Contribute") && node.int_attr("gather", -1) == id &&
          !node.inputs.empty())
        return type_at(node.inputs[0]);
  }
  return Type{};
}

void FunctionTypes::store(const Node& node, const Types& inputs, const Types& outputs) {
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const std::string& name = node.outputs[i];
    if (name.empty()) continue;
    if (!types_.emplace(name, outputs[i]).second)
      problems_.add(place_of(node),
                    compile_error("defined_twice", "a value is defined twice", name));
  }
  if (!node.is_onnx() || node.outputs.size() != 1) return;
  const std::string& name = node.outputs[0];
  if (std::optional<Tensor> value = constant_value(node)) {
    constants_.emplace(name, std::move(*value));
    return;
  }
  const InputView view{*this, node};
  std::optional<std::vector<SymbolicInt>> values =
      integer_output(view.context(inputs, {}), outputs[0]);
  if (values) integers_.emplace(name, std::move(*values));
}

Type Session::edge_type(int64_t id) {
  if (!edges_) {
    edges_.emplace();
    const auto found = model_.meta.find("bb.edges");
    const Result<Config> table =
        Config::parse(found == model_.meta.end() ? "[]" : std::string_view(found->second));
    if (table.ok() && table->is_list())
      for (const Config& row : table->as_list()) {
        const Result<int64_t> key = row.get_int("id", -1);
        const Result<std::string> text = row.get_string("type", "any");
        const Result<Type> type = Type::parse(text.ok() ? *text : "any");
        if (key.ok() && type.ok()) edges_->emplace(*key, *type);
      }
  }
  const auto found = edges_->find(id);
  return found == edges_->end() ? Type{} : found->second;
}

Result<Types> Session::call(const Function& callee, const Types& arguments) {
  std::string key = callee.domain + "\n" + callee.name;
  for (const Type& type : arguments) key += "\n" + type.text();
  const auto found = known_calls_.find(key);
  if (found != known_calls_.end()) return found->second;
  const bool loops = std::find(stack_.begin(), stack_.end(), &callee) != stack_.end();
  if (loops)
    return compile_error("recursive_call", "a function calls itself", callee.name,
                         "use a loop over rounds instead");
  if (stack_.size() >= kMaxDepth)
    return compile_error("too_deep", "calls are nested too deeply", std::to_string(stack_.size()));
  stack_.push_back(&callee);
  Result<Types> out = infer_copy(callee, arguments);
  stack_.pop_back();
  if (!out.ok()) out = std::move(out).error().at("in \"" + callee.name + "\"");
  known_calls_.emplace(std::move(key), out);
  return out;
}

Result<Types> Session::infer_copy(const Function& callee, const Types& arguments) {
  Function copy = callee;
  Bindings bindings;
  for (size_t i = 0; i < copy.inputs.size(); ++i) {
    const auto formal = copy.types.find(copy.inputs[i]);
    if (formal == copy.types.end() || bind_symbols(formal->second, arguments[i], bindings))
      continue;
    return compile_error("type_mismatch", "input \"" + copy.inputs[i] + "\" is " +
                                              formal->second.text() + ", the argument is " +
                                              arguments[i].text());
  }
  for (auto& [name, type] : copy.types) type = substituted(std::move(type), bindings);
  for (size_t i = 0; i < copy.inputs.size(); ++i) copy.types[copy.inputs[i]] = arguments[i];
  BB_RETURN_IF_ERROR(infer(copy));
  Types out;
  for (const std::string& name : copy.outputs) out.push_back(copy.types.at(name));
  return out;
}

Status Session::infer(Function& function) {
  FunctionTypes types(function, *this);
  BB_RETURN_IF_ERROR(types.run());
  function.types = types.take_types();
  return {};
}

}  // namespace

Status infer_types(Function& function, const Model& model) {
  return Session(model).infer(function);
}

}  // namespace bb::ir
