// Pass fuse: regions are maximal, convex, never wait for a gather, and compute the same.
#include "bb/base/philox.h"
#include "compiler/reference_eval.h"
#include "compiler/reference_ops.h"
#include "compiler/stages.h"

namespace bb::compiler {
namespace {

using namespace testing;

Program bound(const Body& body) {
  Program program(body);
  bind_all(program);
  add_linear(program, "model");
  return program;
}

size_t region_count(const ir::Model& model) {
  return static_cast<size_t>(std::count_if(
      model.functions.begin(), model.functions.end(),
      [](const ir::Function& function) { return function.domain == ir::domain::kRegion; }));
}

TEST(Fuse, ConnectedOperationsAreOneRegion) {
  Body body = module("M");
  body.input("x", "float32[2]").onnx("Neg", {"x"}, {"a"}).onnx("Exp", {"a"}, {"b"});
  body.onnx("Add", {"a", "b"}, {"c"}).give("c", "c");
  const ir::Model model = artifact_of(Program(body));
  EXPECT_EQ(plain(*model.find(ir::domain::kRegion, "main.r0")), R"(region::main.r0(v0) -> (v3) {
  v1 = Neg(v0)
  v2 = Exp(v1)
  v3 = Add(v1, v2)
}
)");
  EXPECT_EQ(region_count(model), 1u);
}

TEST(Fuse, ARegionDoesNotContainAPathThatLeavesIt) {
  Body body = module("M");
  body.input("x", "float32[2]").onnx("Neg", {"x"}, {"a"}).write("m", "float32[2]", "a", "t");
  body.read("m", "float32[2]", "r").onnx("Add", {"a", "r"}, {"c"}).give("c", "c");
  const ir::Model model = artifact_of(Program(body));
  EXPECT_EQ(target_text(model, "main"), R"(target::main(x) -> (v4) {
  v0 = region::main.r0(x)  # bb.frame=0
  v1 = state::Write(v0) cell="m" init="0" slot="" type="float32[2]"  # bb.frame=0
  v2 = state::Read(v1) after=1 cell="m" init="0" slot="" type="float32[2]"  # bb.frame=0
  v3 = region::main.r1(v0, v2)  # bb.frame=0
  v4 = flow::Output(v3) name="c"  # bb.frame=0
}
)");
}

TEST(Fuse, AnEarlyOperationSinksIntoTheRegionItFeeds) {
  Body body = module("M");
  body.read("m", "float32[6]", "m").onnx("Neg", {"m"}, {"early"});
  body.batch("x", "y").model("Grad", {"x", "y"}, {"l", "g"}).onnx("Add", {"early", "g"}, {"n"});
  body.write("m", "float32[6]", "n", "t").give("t", "t");
  EXPECT_EQ(region_count(artifact_of(bound(body))), 1u);
}

TEST(Fuse, NothingBeforeAGatherWaitsForIt) {
  Body body = module("M");
  body.on("p").neighbours("to").model("Params", {}, {"w"}).onnx("Neg", {"w"}, {"sent"});
  body.onnx("Exp", {"w"}, {"later"}).net_out("x", "sent", "to", "p", "r");
  body.gather("r", "to", "q").aggregate("q", "v").onnx("Add", {"v", "later"}, {"a"});
  body.onnx("Add", {"a", "sent"}, {"b"}).give("b", "b");
  const ir::Model model = artifact_of(bound(body));
  ASSERT_EQ(region_count(model), 3u);
  EXPECT_EQ(count_of(*model.find(ir::domain::kRegion, "p.r0"), "", "Neg"), 1u);
  EXPECT_EQ(count_of(*model.find(ir::domain::kRegion, "p.r1"), "", "Exp"), 1u);
  EXPECT_EQ(count_of(*model.find(ir::domain::kRegion, "p.r2"), "", "Add"), 2u);
}

TEST(Fuse, OwnOperationsTakeConstantsFromARegionWithoutInputs) {
  Body body = module("M");
  body.scalar("c", 3).onnx("Neg", {"c"}, {"n"}).give("n", "n");
  const ir::Model model = artifact_of(Program(body));
  const ir::Function* region = model.find(ir::domain::kRegion, "main.r0");
  ASSERT_NE(region, nullptr);
  EXPECT_TRUE(region->inputs.empty());
  EXPECT_EQ(reference::run(*region, {}).at(region->outputs[0]).values[0], -3);
}

/// What a target gives to the host: operations in order, cells as plain values.
std::map<std::string, std::vector<double>> execute(const ir::Model& model,
                                                   reference::Values values) {
  const ir::Function& target = *model.find(ir::domain::kTarget, "main");
  std::map<std::string, reference::Array> cells;
  std::map<std::string, std::vector<double>> out;
  for (const ir::Node& node : target.nodes) {
    if (node.is_onnx()) {
      reference::run_node(node, values);
    } else if (node.domain == ir::domain::kRegion) {
      const ir::Function& region = *model.find(node.domain, node.op);
      reference::Values arguments;
      for (size_t i = 0; i < region.inputs.size(); ++i)
        arguments[region.inputs[i]] = values.at(node.inputs[i]);
      const reference::Values results = reference::run(region, std::move(arguments));
      for (size_t i = 0; i < region.outputs.size(); ++i)
        values[node.outputs[i]] = results.at(region.outputs[i]);
    } else if (node.op == "Read") {
      const auto cell = cells.find(node.string_attr("cell"));
      values[node.outputs[0]] =
          cell == cells.end() ? reference::Array::filled(DType::kF32, {2}, 0) : cell->second;
    } else if (node.op == "Write") {
      cells[node.string_attr("cell")] = values.at(node.inputs[0]);
      values[node.outputs[0]] = {};
    } else if (node.op == "Output") {
      out[node.string_attr("name")] = values.at(node.inputs[0]).values;
    }
  }
  return out;
}

/// Random operations over earlier values, with cells written and read in between.
Program random_program(uint64_t seed) {
  Stream stream(seed, "test.fuse");
  Body body = module("M");
  body.input("x", "float32[2]").scalar("c", 0.5f);
  Strings values = {"x"};
  const auto pick = [&] { return values[stream.next_below(values.size())]; };
  for (int i = 0; i < 30; ++i) {
    const std::string name = "t" + std::to_string(i);
    const std::string cell = "cell" + std::to_string(stream.next_below(3));
    switch (stream.next_below(5)) {
      case 0:
        body.write(cell, "float32[2]", pick(), name + ".done").read(cell, "float32[2]", name);
        break;
      case 1:
        body.onnx("Mul", {pick(), "c"}, {name});
        break;
      case 2:
        body.onnx("Neg", {pick()}, {name});
        break;
      default:
        body.onnx("Add", {pick(), pick()}, {name});
    }
    values.push_back(name);
  }
  for (int i = 0; i < 4; ++i) body.give("out" + std::to_string(i), pick());
  return Program(body);
}

TEST(Fuse, RandomProgramsComputeTheSame) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Program program = random_program(seed);
    const Result<ir::Model> before = after(program, "order");
    ASSERT_TRUE(before.ok()) << before.error().text();
    const reference::Values inputs = {{"x", {DType::kF32, {2}, {1.5, -2}}}};
    EXPECT_EQ(execute(*before, inputs), execute(artifact_of(program), inputs)) << seed;
  }
}

TEST(Evaluate, ComputesLogitsLossAndHits) {
  Body body = module("M");
  body.model("Params", {}, {"w"}).give("w", "w");
  const ir::Model model = artifact_of(bound(body));
  const ir::Function& evaluate = *model.find(ir::domain::kEvaluate, "model");
  const reference::Values out =
      reference::run(evaluate, {{"params", {DType::kF32, {6}, {1, 0, 0, 1, 0, 0}}},
                                {"x", {DType::kF32, {3, 3}, {2, 0, 0, 0, 2, 0, 0, 1, 0}}},
                                {"y", {DType::kI64, {3}, {0, 0, 1}}}});
  EXPECT_EQ(out.at("logits").values, (std::vector<double>{2, 0, 0, 2, 0, 1}));
  EXPECT_EQ(out.at("correct").values[0], 2);
  const double expected =
      std::log(1 + std::exp(-2)) + std::log(1 + std::exp(2)) + std::log(1 + std::exp(-1));
  EXPECT_NEAR(out.at("loss_sum").values[0], expected, 1e-6);
}

}  // namespace
}  // namespace bb::compiler
