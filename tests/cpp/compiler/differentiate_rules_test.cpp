// Differentiation: exact gradients at kinks and edges, the nodes it writes, and its typed errors.
#include <gtest/gtest.h>

#include "bb/compiler/differentiate.h"
#include "bb/ir/ops.h"
#include "compiler/reference_ops.h"

namespace bb::compiler {
namespace {

using reference::Array;
using Names = std::vector<std::string>;
using Numbers = std::vector<double>;
using Attrs = std::map<std::string, ir::Attr>;

/// A float64 function written node by node.
class Program {
 public:
  Program& input(const std::string& name, std::string_view type, Numbers numbers = {}) {
    function_.inputs.push_back(name);
    function_.types[name] = ir::Type::parse(type).value();
    Shape shape;
    for (const ir::Dim& dim : *function_.types[name].shape)
      shape.push_back(dim.known() ? dim.value : kBatch);
    values_[name] = {function_.types[name].dtype, shape, std::move(numbers)};
    return *this;
  }
  Program& node(const std::string& output, const std::string& op, Names inputs, Attrs attrs = {}) {
    function_.nodes.push_back({.name = output,
                               .domain = "",
                               .op = op,
                               .inputs = std::move(inputs),
                               .outputs = {output},
                               .attrs = std::move(attrs),
                               .meta = {{"bb.loc", "model.py:" + std::to_string(++line_)}}});
    return *this;
  }
  Program& ints(const std::string& output, const std::vector<int64_t>& numbers) {
    return node(output, "Constant", {},
                {{"value", Tensor::of<int64_t>({static_cast<int64_t>(numbers.size())},
                                               std::span<const int64_t>(numbers))}});
  }
  Result<ir::Function> differentiate(const std::string& output, const Names& wrt) const {
    return compiler::differentiate(function_, output, wrt);
  }
  /// The gradient of the sum of `y` with respect to x, as numbers.
  Numbers gradient(const std::string& y, const std::string& x) {
    node("total", "ReduceSum", {y}, {{"keepdims", int64_t{0}}});
    const auto result = differentiate("total", {x});
    EXPECT_TRUE(result.ok()) << result.error().text();
    return reference::run(*result, values_).at(result->outputs[1]).values;
  }
  ir::Function& function() { return function_; }

  static constexpr int64_t kBatch = 2;

 private:
  ir::Function function_{.domain = std::string(ir::domain::kRegion),
                         .name = "f",
                         .inputs = {},
                         .outputs = {},
                         .nodes = {},
                         .types = {},
                         .meta = {}};
  reference::Values values_;
  int line_ = 0;
};

Names ops(const ir::Function& function) {
  Names out;
  for (const ir::Node& node : function.nodes) out.push_back(node.op);
  return out;
}

long count(const ir::Function& function, const std::string& op) {
  const Names all = ops(function);
  return std::count(all.begin(), all.end(), op);
}

Error error_of(const Result<ir::Function>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? Error{} : result.error();
}

TEST(GradientAtKinks, ReluAndAbsAreFlatAtZero) {
  EXPECT_EQ(
      Program().input("x", "float64[3]", {-1, 0, 2}).node("y", "Relu", {"x"}).gradient("y", "x"),
      (Numbers{0, 0, 1}));
  EXPECT_EQ(
      Program().input("x", "float64[3]", {-1, 0, 2}).node("y", "Abs", {"x"}).gradient("y", "x"),
      (Numbers{-1, 0, 1}));
}

TEST(GradientAtKinks, TiesShareEqually) {
  const Numbers shared = Program()
                             .input("x", "float64[1,4]", {3, 1, 3, 2})
                             .node("y", "ReduceMax", {"x"})
                             .gradient("y", "x");
  EXPECT_EQ(shared, (Numbers{0.5, 0, 0.5, 0}));
  const Numbers halves = Program()
                             .input("x", "float64[3]", {1, 2, 3})
                             .input("z", "float64[3]", {2, 2, 2})
                             .node("y", "Max", {"x", "z"})
                             .gradient("y", "x");
  EXPECT_EQ(halves, (Numbers{0, 0.5, 1}));
}

TEST(GradientOfPow, ExponentZeroIsFlatEvenAtZero) {
  for (const double exponent : {0.0, 1.0, 2.0}) {
    const Tensor literal = Tensor::scalar<double>(exponent);
    const Numbers slope = Program()
                              .input("x", "float64[2]", {0, 3})
                              .node("c", "Constant", {}, {{"value", literal}})
                              .node("y", "Pow", {"x", "c"})
                              .gradient("y", "x");
    EXPECT_EQ(slope, exponent == 0   ? (Numbers{0, 0})
                     : exponent == 1 ? (Numbers{1, 1})
                                     : (Numbers{0, 6}));
  }
  const Numbers computed = Program()
                               .input("x", "float64[3]", {0, 0, 2})
                               .input("c", "float64[3]", {0, 2, 3})
                               .node("y", "Pow", {"x", "c"})
                               .gradient("y", "x");
  EXPECT_EQ(computed, (Numbers{0, 0, 12}));
}

TEST(GradientOfSlice, EmptyRangeGivesZeros) {
  const Numbers zero = Program()
                           .input("x", "float64[3]", {1, 2, 3})
                           .ints("from", {2})
                           .ints("to", {1})
                           .node("y", "Slice", {"x", "from", "to"})
                           .gradient("y", "x");
  EXPECT_EQ(zero, (Numbers{0, 0, 0}));
}

TEST(GradientOfSlice, OverlappingRangesAndOtherAxesAddUp) {
  const Numbers sum = Program()
                          .input("x", "float64[2,3]", {1, 2, 3, 4, 5, 6})
                          .ints("c0", {0})
                          .ints("c1", {1})
                          .ints("c2", {2})
                          .ints("c3", {3})
                          .node("left", "Slice", {"x", "c0", "c2", "c1"})
                          .node("right", "Slice", {"x", "c1", "c3", "c1"})
                          .node("y", "Add", {"left", "right"})
                          .gradient("y", "x");
  EXPECT_EQ(sum, (Numbers{1, 2, 1, 1, 2, 1}));
  const Numbers crossed = Program()
                              .input("x", "float64[2,3]", {1, 2, 3, 4, 5, 6})
                              .ints("c0", {0})
                              .ints("c1", {1})
                              .node("column", "Slice", {"x", "c0", "c1", "c1"})
                              .node("row", "Slice", {"x", "c0", "c1", "c0"})
                              .node("y", "Add", {"column", "row"})
                              .gradient("y", "x");
  EXPECT_EQ(crossed, (Numbers{5, 2, 2, 3, 0, 0}));
}

TEST(GradientOfGather, RepeatedRowsAddUp) {
  const Numbers rows = Program()
                           .input("x", "float64[3]", {1, 2, 3})
                           .input("i", "int64[4]", {2, 0, 2, -1})
                           .node("y", "Gather", {"x", "i"})
                           .gradient("y", "x");
  EXPECT_EQ(rows, (Numbers{1, 0, 3}));
}

TEST(Gradient, OfAnUnusedInputIsZero) {
  const Numbers zero = Program()
                           .input("x", "float64[N,2]", {1, 2, 3, 4})
                           .input("unused", "float64[N]", {5, 6})
                           .node("y", "Exp", {"x"})
                           .gradient("y", "unused");
  EXPECT_EQ(zero, (Numbers{0, 0}));
}

TEST(Gradient, StopsAtIntegersAndComparisons) {
  const Numbers zero = Program()
                           .input("x", "float64[2]", {1, 2})
                           .input("z", "float64[2]", {0, 3})
                           .node("test", "Greater", {"x", "z"})
                           .node("y", "Cast", {"test"}, {{"to", int64_t{11}}})
                           .gradient("y", "x");
  EXPECT_EQ(zero, (Numbers{0, 0}));
}

TEST(Gradient, OfTheOutputItselfIsOne) {
  Program program;
  program.input("x", "float64[]", {4});
  const auto result = program.differentiate("x", {"x"});
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(ops(*result), Names{"Constant"});
}

/// Two layers over slices of one flat parameter vector.
Program two_layers() {
  Program program;
  program.input("x", "float32[N,4]").input("labels", "int64[N]").input("flat", "float32[30]");
  for (const auto& [name, from, to] : std::vector<std::tuple<std::string, int64_t, int64_t>>{
           {"w1", 0, 12}, {"b1", 12, 15}, {"w2", 15, 27}, {"b2", 27, 30}})
    program.ints(name + "_from", {from})
        .ints(name + "_to", {to})
        .node(name, "Slice", {"flat", name + "_from", name + "_to"});
  return std::move(program.ints("s1", {4, 3})
                       .ints("s2", {3, 4})
                       .node("m1", "Reshape", {"w1", "s1"})
                       .node("m2", "Reshape", {"w2", "s2"})
                       .node("h", "Gemm", {"x", "m1", "b1"})
                       .node("r", "Relu", {"h"})
                       .node("logits", "MatMul", {"r", "m2"})
                       .node("loss", "SoftmaxCrossEntropyLoss", {"logits", "labels"}));
}

TEST(GradientOfLayers, JoinsTheBlocksOfAFlatVectorOnce) {
  const auto result = two_layers().differentiate("loss", {"flat"});
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(count(*result, "Concat"), 1) << ir::text(*result);
  EXPECT_EQ(count(*result, "ScatterND"), 0);
  EXPECT_EQ(count(*result, "Add"), 0);
}

TEST(GradientOfLayers, FoldsTransposesIntoGemm) {
  const auto result = two_layers().differentiate("loss", {"flat"});
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(count(*result, "Transpose"), 0);
  EXPECT_EQ(count(*result, "Gemm"), 1 + 3);
}

TEST(GradientOfLayers, ComputesOnlyWhatIsAskedFor) {
  Program program = two_layers();
  const auto with_x = program.differentiate("loss", {"flat", "x"});
  const auto without = program.differentiate("loss", {"flat"});
  ASSERT_TRUE(with_x.ok() && without.ok());
  EXPECT_EQ(count(*with_x, "Gemm"), count(*without, "Gemm") + 1);
  EXPECT_EQ(without->inputs, program.function().inputs);
  EXPECT_EQ(without->outputs.size(), 2u);
}

TEST(GradientOfLayers, IsTheSameEveryTime) {
  EXPECT_EQ(ir::text(*two_layers().differentiate("loss", {"flat", "x"})),
            ir::text(*two_layers().differentiate("loss", {"flat", "x"})));
}

TEST(GradientOfLayers, KeepsTheSourceLineOfTheForwardNode) {
  const auto result = two_layers().differentiate("loss", {"flat"});
  ASSERT_TRUE(result.ok());
  std::map<std::string, std::string> lines;
  for (const ir::Node& node : result->nodes)
    if (node.meta.contains("bb.loc")) lines[node.outputs[0]] = node.meta.at("bb.loc");
  ASSERT_TRUE(lines.contains("r.grad.Mul"));
  EXPECT_EQ(lines["r.grad.Mul"], lines["r"]);
}

TEST(DifferentiateErrors, NameTheNearestValueAndInput) {
  Program program = two_layers();
  const Error output = error_of(program.differentiate("los", {"flat"}));
  EXPECT_EQ(output.code, "unknown_value");
  EXPECT_NE(output.hint.find("\"loss\""), std::string::npos) << output.text();
  const Error input = error_of(program.differentiate("loss", {"flt"}));
  EXPECT_EQ(input.code, "not_an_input");
  EXPECT_NE(input.hint.find("\"flat\""), std::string::npos) << input.text();
}

TEST(DifferentiateErrors, RefuseWhatIsNotAScalarOrNotFloat) {
  Program program = two_layers();
  EXPECT_EQ(error_of(program.differentiate("logits", {"flat"})).code, "not_scalar");
  EXPECT_EQ(error_of(program.differentiate("loss", {"labels"})).code, "not_differentiable");
  EXPECT_EQ(error_of(program.differentiate("loss", {"flat", "flat"})).code, "duplicate_input");
}

TEST(DifferentiateErrors, NameTheNodeWithoutRuleAndItsLine) {
  Program program;
  program.input("x", "float64[2]")
      .input("i", "int64[2,1]")
      .input("u", "float64[2]")
      .node("y", "ScatterND", {"x", "i", "u"})
      .node("total", "ReduceSum", {"y"}, {{"keepdims", int64_t{0}}});
  const Error error = error_of(program.differentiate("total", {"u"}));
  EXPECT_EQ(error.fault, Fault::kCompile);
  EXPECT_EQ(error.code, "no_gradient");
  EXPECT_EQ(error.where, "ScatterND \"y\" (model.py:1)");
  EXPECT_EQ(error.value, "ScatterND");
  EXPECT_FALSE(error.hint.empty());
}

TEST(DifferentiateErrors, AllowNodesWithoutRuleOffThePath) {
  Program program;
  program.input("x", "float64[2]")
      .input("i", "int64[2,1]")
      .input("u", "float64[2]")
      .node("y", "ScatterND", {"x", "i", "u"})
      .node("z", "Exp", {"u"})
      .node("total", "ReduceSum", {"z"}, {{"keepdims", int64_t{0}}});
  EXPECT_TRUE(program.differentiate("total", {"u"}).ok());
}

TEST(DifferentiateErrors, RefuseTrainedExponentsAndWeights) {
  Program power;
  power.input("x", "float64[]").node("y", "Pow", {"x", "x"});
  EXPECT_EQ(error_of(power.differentiate("y", {"x"})).code, "no_gradient");
  Program weighted;
  weighted.input("x", "float64[N,3]")
      .input("labels", "int64[N]")
      .input("w", "float64[3]")
      .node("y", "SoftmaxCrossEntropyLoss", {"x", "labels", "w"});
  EXPECT_EQ(error_of(weighted.differentiate("y", {"w"})).code, "no_gradient");
  EXPECT_TRUE(weighted.differentiate("y", {"x"}).ok());
}

TEST(DifferentiateErrors, RefuseCalls) {
  Program program;
  program.input("x", "float64[]").node("y", "helper", {"x"});
  program.function().nodes[0].domain = ir::domain::kModule;
  const Error error = error_of(program.differentiate("y", {"x"}));
  EXPECT_EQ(error.code, "not_differentiable");
  EXPECT_NE(error.where.find("model.py:1"), std::string::npos);
}

TEST(DifferentiateErrors, RefuseAxesThatAreNotConstant) {
  Program program;
  program.input("x", "float64[2,3]").input("axes", "int64[1]");
  program.node("y", "ReduceSum", {"x", "axes"}, {{"keepdims", int64_t{1}}})
      .node("total", "ReduceSum", {"y"}, {{"keepdims", int64_t{0}}});
  program.function().types["y"] = ir::Type::parse("float64[1,3]").value();
  program.function().types["total"] = ir::Type::parse("float64[]").value();
  const Error error = error_of(program.differentiate("total", {"x"}));
  EXPECT_EQ(error.code, "not_constant");
  EXPECT_EQ(error.value, "axes");
}

TEST(DifferentiateErrors, RefuseBroadcastsThatTypesCannotDecide) {
  Program program;
  program.input("x", "float64[N]").input("z", "float64[3]").node("y", "Add", {"x", "z"});
  program.node("total", "ReduceSum", {"y"}, {{"keepdims", int64_t{0}}});
  program.function().types["y"] = ir::Type::parse("float64[3]").value();
  program.function().types["total"] = ir::Type::parse("float64[]").value();
  EXPECT_EQ(error_of(program.differentiate("total", {"x"})).code, "undecidable_shape");
}

}  // namespace
}  // namespace bb::compiler
