// Differentiation: random graphs against central differences, exact gradients, typed errors.
#include "bb/compiler/differentiate.h"

#include <gtest/gtest.h>

#include "bb/compiler/gradients.h"
#include "compiler/random_ops.h"

namespace bb::compiler {
namespace {

using reference::Array;
using reference::RandomGraph;
using reference::Values;
using Names = std::vector<std::string>;

constexpr int kHitsPerRule = 100;

bool is_float(const ir::Function& function, const std::string& name) {
  const DType dtype = function.types.at(name).dtype;
  return dtype == DType::kF64 || dtype == DType::kF32;
}

Names float_inputs(const ir::Function& function) {
  Names out;
  for (const std::string& name : function.inputs)
    if (is_float(function, name)) out.push_back(name);
  return out;
}

/// Operators through which a gradient flows from `output` to an input, once per node.
Names rules_applied(const ir::Function& function, const std::string& output) {
  std::set<std::string> from_inputs(function.inputs.begin(), function.inputs.end());
  const auto touches = [](const Names& names, const std::set<std::string>& set) {
    return std::any_of(names.begin(), names.end(),
                       [&](const auto& name) { return set.contains(name); });
  };
  const auto differentiable = [&](const ir::Node& node) {
    const GradientInfo* info = find_gradient(node.op);
    return info && info->rule;
  };
  for (const ir::Node& node : function.nodes)
    if (differentiable(node) && touches(node.inputs, from_inputs))
      for (const std::string& name : node.outputs)
        if (is_float(function, name)) from_inputs.insert(name);
  std::erase_if(from_inputs, [&](const std::string& name) { return !is_float(function, name); });
  std::set<std::string> to_output = {output};
  Names out;
  for (auto node = function.nodes.rbegin(); node != function.nodes.rend(); ++node) {
    if (!differentiable(*node) || !touches(node->outputs, to_output)) continue;
    to_output.insert(node->inputs.begin(), node->inputs.end());
    if (touches(node->inputs, from_inputs)) out.push_back(node->op);
  }
  return out;
}

/// Every value has the dtype, the rank and the known dimensions that its type states.
void expect_typed(const ir::Function& function, const Values& values) {
  for (const auto& [name, type] : function.types) {
    const Array& array = values.at(name);
    EXPECT_EQ(array.dtype, type.dtype) << name;
    ASSERT_TRUE(type.shape && type.shape->size() == array.shape.size()) << name << type.text();
    for (size_t k = 0; k < array.shape.size(); ++k) {
      const ir::Dim& dim = (*type.shape)[k];
      const bool batch = dim.symbol == "N";
      if (!dim.known() && !batch) continue;
      EXPECT_EQ(batch ? reference::kBatch : dim.value, array.shape[k]) << name << type.text();
    }
  }
}

/// The program is well formed, and inference agrees with every type.
void expect_well_formed(const ir::Function& function) {
  ir::Model model;
  model.functions = {function};
  const Status verified = ir::verify(model);
  EXPECT_TRUE(verified.ok()) << verified.error().text();
  ir::Function again = function;
  const Status inferred = ir::infer_types(again, model);
  EXPECT_TRUE(inferred.ok()) << inferred.error().text();
  EXPECT_EQ(again.types, function.types);
}

double output_at(const ir::Function& function, const std::string& output, Values inputs,
                 const std::string& moved, const std::vector<double>& direction, double step) {
  Array& array = inputs.at(moved);
  for (size_t i = 0; i < array.size(); ++i) array.values[i] += step * direction[i];
  return reference::run(function, std::move(inputs)).at(output).values[0];
}

/// The slope along `direction` agrees with a central difference. Smaller steps are tried next,
/// since a kink between the two points spoils a difference; error is h² for truncation and 1e-15/h
/// for rounding.
void expect_slope(const ir::Function& function, const std::string& output, const Values& inputs,
                  const std::string& moved, const std::vector<double>& direction, double slope) {
  double difference = 0;
  for (const double step : {1e-4, 1e-5, 1e-6, 1e-7}) {
    const double above = output_at(function, output, inputs, moved, direction, step);
    const double below = output_at(function, output, inputs, moved, direction, -step);
    difference = (above - below) / (2 * step);
    if (std::abs(difference - slope) <= 1e-6 * (1 + std::abs(slope))) return;
  }
  ADD_FAILURE() << moved << ": slope " << slope << ", difference " << difference << "\n"
                << ir::text(function);
}

/// Gradients of every float input along random directions, types and well-formedness.
void expect_gradients(const RandomGraph& graph, const std::string& output,
                      std::mt19937_64& random) {
  const ir::Function& function = graph.function();
  const Names wrt = float_inputs(function);
  const Result<ir::Function> result = differentiate(function, output, wrt);
  ASSERT_TRUE(result.ok()) << result.error().text() << "\n" << ir::text(function);
  expect_well_formed(*result);
  const Values values = reference::run(*result, graph.inputs());
  expect_typed(*result, values);
  ASSERT_EQ(result->outputs.size(), wrt.size() + 1);
  for (size_t i = 0; i < wrt.size(); ++i) {
    const Array& gradient = values.at(result->outputs[i + 1]);
    ASSERT_EQ(gradient.shape, graph.value(wrt[i]).shape) << wrt[i];
    std::vector<double> direction(gradient.size());
    double slope = 0;
    for (size_t k = 0; k < direction.size(); ++k) {
      direction[k] = static_cast<double>(random() >> 11) * 0x1p-52 - 1;
      slope += direction[k] * gradient.values[k];
    }
    expect_slope(function, output, graph.inputs(), wrt[i], direction, slope);
  }
}

/// A graph of 8 to 20 randomly chosen operators, not counting those that make operands fit.
RandomGraph random_graph(uint64_t seed) {
  RandomGraph graph(seed);
  for (int64_t left = 8 + graph.below(13); left > 0;) {
    const auto& [op, recipe] = graph.one_of(reference::recipes());
    const RandomGraph before = graph;
    if (recipe(graph, op) && graph.sound())
      --left;
    else
      graph.restore(before);
  }
  return graph;
}

TEST(Differentiate, RandomGraphsAgreeWithCentralDifferences) {
  constexpr int kGraphs = 500;
  std::mt19937_64 random(1);
  std::map<std::string, int> hits;
  for (int number = 0; number < kGraphs && !HasFailure(); ++number) {
    RandomGraph graph = random_graph(random());
    const std::string output = graph.total();
    for (const std::string& op : rules_applied(graph.function(), output)) ++hits[op];
    expect_gradients(graph, output, random);
  }
  for (const GradientInfo& row : all_gradients())
    EXPECT_GE(hits[std::string(row.op)], row.rule ? kHitsPerRule : 0) << row.op;
}

}  // namespace
}  // namespace bb::compiler
