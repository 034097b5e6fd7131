// Passes types and flatten: every value gets a type, cells agree with what is written.
#include "compiler/stages.h"

namespace bb::compiler {
namespace {

using namespace testing;

Program with_linear(Body body) {
  Program program(body);
  bind_all(program);
  add_linear(program, "model");
  return program;
}

TEST(Types, ResolvesTheNumberOfParameters) {
  Body body = module("M");
  body.input("v", "float32[model.D]").model("ApplyDelta", {"v"}, {"t"}).give("t", "t");
  const Result<ir::Model> model = after(with_linear(body), "types");
  ASSERT_TRUE(model.ok()) << model.error().text();
  EXPECT_EQ(model->functions[0].types.at("v").text(), "float32[6]");
}

TEST(Types, GivesABatchTheTypesOfTheModelItFeeds) {
  Body body = module("M");
  body.batch("x", "y").model("Grad", {"x", "y"}, {"loss", "g"}).give("g", "g");
  const Result<ir::Model> model = after(with_linear(body), "types");
  ASSERT_TRUE(model.ok()) << model.error().text();
  const ir::Function& entry = *model->find(ir::domain::kModule, "M");
  EXPECT_EQ(entry.types.at("x").text(), "float32[N,3]");
  EXPECT_EQ(entry.types.at("y").text(), "int64[N]");
  EXPECT_EQ(entry.types.at("loss").text(), "float32[]");
  EXPECT_EQ(entry.types.at("g").text(), "float32[6]");
}

TEST(Types, GivesLabelsThatNothingUsesTheTypeOfTheModel) {
  Body body = module("M");
  body.batch("x", "y").model("Forward", {"x"}, {"logits"}).give("logits", "logits");
  const Result<ir::Model> model = after(with_linear(body), "types");
  ASSERT_TRUE(model.ok()) << model.error().text();
  EXPECT_EQ(model->find(ir::domain::kModule, "M")->types.at("y").text(), "int64[N]");
}

TEST(Types, AFloat64ModelHasAFloat64Gradient) {
  Body body = module("M");
  body.batch("x", "y").model("Grad", {"x", "y"}, {"loss", "g"});
  body.model("ApplyDelta", {"g"}, {"t"}, {}, {{"scale", "0.1"}}).give("t", "t");
  Program program(body);
  bind_all(program);
  add_mlp(program, "model", 4, 3, 2, "float64");
  const Result<ir::Model> model = after(program, "types");
  ASSERT_TRUE(model.ok()) << model.error().text();
  EXPECT_EQ(model->find(ir::domain::kModule, "M")->types.at("g").text(), "float64[23]");
  const ir::Model artifact = artifact_of(program);
  EXPECT_CONTAINS(artifact.meta.at("bb.cells"), R"("type":"float64[23]")");
  const ir::Function* evaluate = artifact.find(ir::domain::kEvaluate, "model");
  ASSERT_NE(evaluate, nullptr);
  EXPECT_EQ(evaluate->types.at("loss_sum").text(), "float64[]");
  EXPECT_EQ(evaluate->types.at("correct").text(), "int64[]");
}

TEST(Types, NamesBothTypesOfAMismatchAndTheLine) {
  Body body = module("M");
  body.input("x", "float32[N,4]").input("y", "int64[N]");
  body.model("Grad", {"x", "y"}, {"loss", "g"}).give("g", "g");
  const Error error = refusal(with_linear(body));
  EXPECT_EQ(error.code, "type_mismatch");
  EXPECT_CONTAINS(error.text(), "float32[N,3]");
  EXPECT_CONTAINS(error.text(), "float32[N,4]");
  EXPECT_CONTAINS(error.where, "net.py:1");
}

TEST(Types, RefusesADeltaOfAnotherSize) {
  Body body = module("M");
  body.input("v", "float32[1]").model("ApplyDelta", {"v"}, {"t"}).give("t", "t");
  EXPECT_EQ(refusal(with_linear(body)).code, "type_mismatch");
}

TEST(Cells, RefusesOneNameWithTwoTypes) {
  Body body = module("M");
  body.read("m", "float32[3]", "a").input("b", "float32[2]").write("m", "float32[2]", "b", "t");
  const Error error = refusal(Program(body.give("a", "a").give("t", "t")));
  EXPECT_EQ(error.code, "cell_conflict");
  EXPECT_CONTAINS(error.message, "net.py:1");
  EXPECT_EQ(error.where, "pass types: net.py:2");
}

TEST(Cells, RefusesACellThatNothingWrites) {
  Body body = module("M");
  const Error error = refusal(Program(body.read("m", "float32[3]", "a").give("a", "a")));
  EXPECT_EQ(error.code, "cell_never_written");
  EXPECT_EQ(error.value, "m");
}

TEST(Cells, RefusesAValueOfAnotherType) {
  Body body = module("M");
  body.input("b", "float32[2]").read("m", "float32[3]", "a").write("m", "float32[3]", "b", "t");
  const Error error = refusal(Program(body.give("a", "a").give("t", "t")));
  EXPECT_EQ(error.code, "type_mismatch");
  EXPECT_CONTAINS(error.text(), "float32[2]");
}

TEST(Cells, RefusesInitsThatAreNoNumbers) {
  Body body = module("M");
  body.input("b", "float32[3]").read("m", "float32[3]", "a").write("m", "float32[3]", "b", "t");
  ir::Model model = Program(body.give("a", "a").give("t", "t")).model();
  for (ir::Node& node : model.functions[0].nodes)
    if (node.domain == ir::domain::kState) node.attrs["init"] = std::string("layouts");
  const Result<Compiled> out = compile(ir::to_onnx(model), {});
  ASSERT_FALSE(out.ok());
  EXPECT_EQ(out.error().code, "bad_number");
}

TEST(Flatten, LeavesNoCallAndTypesEveryValue) {
  Body body = module("M");
  body.batch("x", "y").model("Forward", {"x"}, {"logits"}).give("logits", "logits");
  body.model("Evaluate", {"x", "y"}, {"l2", "sum", "hits"}).give("hits", "hits");
  const Result<ir::Model> model = after(with_linear(body), "flatten");
  ASSERT_TRUE(model.ok()) << model.error().text();
  const ir::Function& entry = *model->find(ir::domain::kModule, "M");
  EXPECT_EQ(count_of(entry, "", "MatMul"), 2u);
  for (const ir::Node& node : entry.nodes)
    for (const std::string& name : node.outputs) EXPECT_TRUE(entry.types.contains(name)) << name;
}

}  // namespace
}  // namespace bb::compiler
