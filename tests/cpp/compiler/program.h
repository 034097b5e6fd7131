// Recorded programs written by hand: a few words per operation, for the tests of the compiler.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bb/base/config.h"
#include "bb/ir/graph.h"

namespace bb::compiler::testing {

using Strings = std::vector<std::string>;
using Attrs = std::map<std::string, ir::Attr>;

/// One function; operations are added in recorded order, each on the current kind and line.
class Body {
 public:
  Body(std::string_view domain, std::string name) {
    function_.domain = std::string(domain);
    function_.name = std::move(name);
  }

  Body& input(const std::string& name, const std::string& type) {
    function_.inputs.push_back(name);
    return declare(name, type);
  }
  Body& declare(const std::string& name, const std::string& type) {
    function_.types[name] = ir::Type::parse(type).value();
    return *this;
  }
  Body& output(const std::string& name) {
    function_.outputs.push_back(name);
    return *this;
  }
  Body& on(std::string kind) {
    kind_ = std::move(kind);
    return *this;
  }

  /// Any operation; `after` become order inputs.
  Body& add(std::string_view domain, std::string op, Strings inputs, Strings outputs,
            Attrs attrs = {}, const Strings& after = {}) {
    ir::Node node;
    node.domain = std::string(domain);
    node.op = std::move(op);
    node.inputs = std::move(inputs);
    node.outputs = std::move(outputs);
    node.attrs = std::move(attrs);
    if (!after.empty()) node.attrs["after"] = static_cast<int64_t>(after.size());
    node.inputs.insert(node.inputs.end(), after.begin(), after.end());
    if (!kind_.empty()) node.meta["bb.on"] = kind_;
    node.meta["bb.loc"] = "net.py:" + std::to_string(++line_);
    function_.nodes.push_back(std::move(node));
    return *this;
  }
  Body& onnx(std::string op, Strings inputs, Strings outputs, Attrs attrs = {}) {
    return add(ir::domain::kOnnx, std::move(op), std::move(inputs), std::move(outputs),
               std::move(attrs));
  }
  Body& constant(const std::string& name, const Tensor& value) {
    return onnx("Constant", {}, {name}, {{"value", value}});
  }
  Body& scalar(const std::string& name, float value) {
    return constant(name, Tensor::scalar(value));
  }
  Body& model(std::string op, Strings inputs, Strings outputs, Strings after = {},
              Attrs more = {}) {
    more.emplace("slot", "model");
    return add(ir::domain::kModel, std::move(op), std::move(inputs), std::move(outputs),
               std::move(more), after);
  }
  Body& batch(const std::string& x, const std::string& y, Strings after = {}) {
    return add(ir::domain::kData, "NextBatch", {}, {x, y}, {{"slot", "data"}}, after);
  }
  Body& sample(const std::string& peers, int64_t n) {
    return add(ir::domain::kPeers, "Sample", {}, {peers}, {{"slot", "clients"}, {"n", n}});
  }
  Body& neighbours(const std::string& peers) {
    return add(ir::domain::kPeers, "Neighbours", {}, {peers}, {{"slot", "clients"}});
  }
  Body& net_out(const std::string& port, const std::string& value, const std::string& to,
                const std::string& at, const std::string& received, Strings after = {}) {
    return add(ir::domain::kWire, "NetOut", {value, to}, {received, received + ".sender"},
               {{"port", port}, {"at", at}, {"codec", ""}}, after);
  }
  Body& gather(const std::string& x, const std::string& of, const std::string& arrived,
               Attrs more = {}) {
    more.insert({{"name", arrived},
                 {"need", int64_t{-1}},
                 {"timeout_ns", int64_t{30'000'000'000}},
                 {"key", "root"}});
    return add(ir::domain::kFlow, "Gather", {x, of},
               {arrived, arrived + ".peers", arrived + ".missing", arrived + ".timed_out"},
               std::move(more));
  }
  Body& aggregate(const std::string& arrived, const std::string& vector) {
    return add(ir::domain::kAggregate, "Aggregate", {arrived}, {vector, vector + ".decisions"},
               {{"slot", "aggregator"}});
  }
  Body& read(const std::string& cell, const std::string& type, const std::string& value,
             Strings after = {}) {
    return add(ir::domain::kState, "Read", {}, {value}, cell_attrs(cell, type), after);
  }
  Body& write(const std::string& cell, const std::string& type, const std::string& value,
              const std::string& trigger, Strings after = {}) {
    return add(ir::domain::kState, "Write", {value}, {trigger}, cell_attrs(cell, type), after);
  }
  /// flow.Output; the function's output is the value again.
  Body& give(const std::string& name, const std::string& value) {
    add(ir::domain::kFlow, "Output", {value}, {name + ".out"}, {{"name", name}});
    return output(name + ".out");
  }
  Body& call(const std::string& function,
             std::vector<std::pair<std::string, std::string>> arguments, Strings outputs) {
    Strings names, values;
    for (auto& [name, value] : arguments) {
      names.push_back(name);
      values.push_back(value);
    }
    return add(ir::domain::kModule, function, std::move(values), std::move(outputs),
               {{"inputs_by_name", std::move(names)}});
  }
  Body& meta(const std::string& key, const std::string& value) {
    function_.meta[key] = value;
    return *this;
  }
  const ir::Function& function() const { return function_; }

 private:
  static Attrs cell_attrs(const std::string& cell, const std::string& type) {
    return {{"slot", ""}, {"cell", cell}, {"type", type}, {"init", "0"}};
  }
  ir::Function function_;
  std::string kind_;
  int line_ = 0;
};

inline Body module(const std::string& name) { return Body(ir::domain::kModule, name); }

/// A recorded model: entry first, then other functions, with slots and bindings.
class Program {
 public:
  explicit Program(const Body& entry) {
    model_.meta["bb.stage"] = "recorded";
    model_.meta["bb.entry"] = entry.function().name;
    add(entry);
  }
  Program& add(const Body& body) {
    model_.functions.push_back(body.function());
    return *this;
  }
  Program& slot(const std::string& name, const std::string& role, const std::string& part,
                const std::string& by = "catalogue") {
    slots_[name] = role;
    return bind(name, role, part, by);
  }
  Program& bind(const std::string& name, const std::string& role, const std::string& part,
                const std::string& by = "catalogue") {
    bindings_[name] = Config(
        Config::Dict{{"role", role}, {"part", part}, {"params", Config::Dict{}}, {"by", by}});
    return *this;
  }
  Program& declare(const std::string& name, const std::string& role) {
    slots_[name] = role;
    return *this;
  }
  ir::Model model() const {
    ir::Model out = model_;
    out.meta["bb.slots"] = Config(slots_).text();
    out.meta["bb.bindings"] = Config(bindings_).text();
    return out;
  }
  std::string bytes() const { return ir::to_onnx(model()); }

 private:
  ir::Model model_;
  Config::Dict slots_, bindings_;
};

/// Parameters of a layer as rows of bb.layout.
inline Config parameter(const std::string& name, const Shape& shape, Config init,
                        const std::string& dtype = "float32") {
  Config::List dims;
  for (const int64_t dim : shape) dims.emplace_back(dim);
  return Config::Dict{
      {"name", name}, {"dtype", dtype}, {"shape", std::move(dims)}, {"init", std::move(init)}};
}

/// Multi-layer perceptron inputs-hidden-classes with softmax cross entropy, as a graph part.
inline void add_mlp(Program& program, const std::string& slot, int64_t inputs, int64_t hidden,
                    int64_t classes, const std::string& dtype = "float32") {
  const auto matrix = [&](int64_t rows, int64_t columns) {
    return dtype + "[" + std::to_string(rows) + "," + std::to_string(columns) + "]";
  };
  const auto vector = [&](int64_t size) { return dtype + "[" + std::to_string(size) + "]"; };
  const Config layout = Config::List{
      parameter("w1", {inputs, hidden}, "he", dtype), parameter("b1", {hidden}, "zero", dtype),
      parameter("w2", {hidden, classes}, "he", dtype), parameter("b2", {classes}, "zero", dtype)};
  Body forward(ir::domain::kPart, slot + ".forward");
  forward.input("x", dtype + "[N," + std::to_string(inputs) + "]")
      .input("w1", matrix(inputs, hidden))
      .input("b1", vector(hidden))
      .input("w2", matrix(hidden, classes))
      .input("b2", vector(classes))
      .output("logits")
      .meta("bb.layout", layout.text());
  forward.onnx("MatMul", {"x", "w1"}, {"a"})
      .onnx("Add", {"a", "b1"}, {"h"})
      .onnx("Relu", {"h"}, {"r"});
  forward.onnx("MatMul", {"r", "w2"}, {"s"}).onnx("Add", {"s", "b2"}, {"logits"});
  Body loss(ir::domain::kPart, slot + ".loss");
  loss.input("logits", dtype + "[N," + std::to_string(classes) + "]").input("y", "int64[N]");
  loss.onnx("SoftmaxCrossEntropyLoss", {"logits", "y"}, {"loss"}, {{"reduction", "mean"}});
  loss.output("loss");
  program.add(forward).add(loss);
}

/// One matrix of `inputs` by 2 without bias; the smallest model with a gradient.
inline void add_linear(Program& program, const std::string& slot, int64_t inputs = 3) {
  const std::string rows = std::to_string(inputs);
  Body forward(ir::domain::kPart, slot + ".forward");
  forward.input("x", "float32[N," + rows + "]").input("w", "float32[" + rows + ",2]");
  forward.onnx("MatMul", {"x", "w"}, {"logits"}).output("logits");
  forward.meta("bb.layout", Config(Config::List{parameter("w", {inputs, 2}, "glorot")}).text());
  Body loss(ir::domain::kPart, slot + ".loss");
  loss.input("logits", "float32[N,2]").input("y", "int64[N]");
  loss.onnx("SoftmaxCrossEntropyLoss", {"logits", "y"}, {"loss"}, {{"reduction", "mean"}});
  loss.output("loss");
  program.add(forward).add(loss);
}

/// Momentum: m <- 0.9 m + g, p <- p - 0.1 m.
inline void add_momentum(Program& program, const std::string& slot) {
  Body step(ir::domain::kPart, slot + ".step");
  step.input("params", "float32[D]").input("grad", "float32[D]").input("m", "float32[D]");
  step.scalar("beta", 0.9f).scalar("rate", 0.1f);
  step.onnx("Mul", {"m", "beta"}, {"old"}).onnx("Add", {"old", "grad"}, {"m_out"});
  step.onnx("Mul", {"m_out", "rate"}, {"move"}).onnx("Sub", {"params", "move"}, {"params_out"});
  step.output("params_out").output("m_out");
  step.meta("bb.cells", R"([{"name":"m","init":0}])");
  program.add(step);
}

/// Declares and binds the four slots that the helpers of Body use.
inline void bind_all(Program& program) {
  program.slot("model", "Model", "mlp", "graph")
      .slot("data", "DataSource", "arrays")
      .slot("clients", "PeerSelector", "sample")
      .slot("aggregator", "Aggregator", "krum");
}

/// The algorithm sgd: worker momentum, gather, aggregate, apply.
inline Program sgd_program() {
  Body body = module("Sgd");
  const std::string flat = "float32[model.D]";
  body.on("server").sample("who", 8).model("Params", {}, {"w"});
  body.net_out("weights", "w", "who", "client", "weights");
  body.on("client").model("LoadParameters", {"weights"}, {"ready"}).batch("x", "y", {"ready"});
  body.model("Grad", {"x", "y"}, {"loss", "g"});
  body.read("m", flat, "m").scalar("beta", 0.9f).scalar("rest", 0.1f);
  body.onnx("Mul", {"m", "beta"}, {"old"}).onnx("Mul", {"g", "rest"}, {"fresh"});
  body.onnx("Add", {"old", "fresh"}, {"m_next"}).write("m", flat, "m_next", "m_written");
  body.net_out("update", "m_next", "weights.sender", "server", "update");
  body.on("server").gather("update", "who", "arrived").aggregate("arrived", "direction");
  body.model("ApplyDelta", {"direction"}, {"loaded"}, {}, {{"scale", "-0.3"}});
  body.give("loaded", "loaded");
  Program program(body);
  bind_all(program);
  add_mlp(program, "model", 64, 64, 10);
  return program;
}

}  // namespace bb::compiler::testing
