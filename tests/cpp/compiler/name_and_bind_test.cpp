// Passes name, verify and bind: what a recorded program must be, and what its slots must have.
#include "compiler/stages.h"

namespace bb::compiler {
namespace {

using namespace testing;

Program train_program() {
  Body body = module("Train");
  body.batch("x", "y").model("Grad", {"x", "y"}, {"loss", "g"}).give("loss", "loss");
  Program program(body);
  bind_all(program);
  add_linear(program, "model");
  return program;
}

TEST(Name, CountsOperatorsPerFunction) {
  Body body = module("M");
  body.input("x", "float32[2]").onnx("Neg", {"x"}, {"a"}).onnx("Neg", {"a"}, {"b"}).give("b", "b");
  const Result<ir::Model> model = after(Program(body), "name");
  ASSERT_TRUE(model.ok());
  const ir::Function& entry = model->functions[0];
  EXPECT_EQ(entry.nodes[0].name, "M/Neg_0");
  EXPECT_EQ(entry.nodes[1].name, "M/Neg_1");
  EXPECT_EQ(entry.nodes[2].name, "M/Output_0");
}

TEST(Name, RefusesWhatIsNotARecording) {
  ir::Model model = train_program().model();
  model.meta["bb.stage"] = "compiled";
  Result<Compiled> out = compile(ir::to_onnx(model), {});
  ASSERT_FALSE(out.ok());
  EXPECT_EQ(out.error().code, "not_recorded");
  EXPECT_EQ(out.error().where, "pass name");
  model.meta.erase("bb.stage");
  EXPECT_EQ(compile(ir::to_onnx(model), {}).error().code, "not_recorded");
}

TEST(Name, SuggestsTheEntry) {
  ir::Model model = train_program().model();
  model.meta["bb.entry"] = "Trian";
  const Result<Compiled> out = compile(ir::to_onnx(model), {});
  ASSERT_FALSE(out.ok());
  EXPECT_EQ(out.error().code, "no_entry");
  EXPECT_CONTAINS(out.error().hint, "Train");
}

TEST(Name, RefusesFunctionsThatAreNoPart) {
  Program program = train_program();
  program.add(Body(ir::domain::kPart, "model.gradient").input("x", "float32[]").output("x"));
  EXPECT_EQ(refusal(program).code, "unexpected_function");
  Program region = train_program();
  region.add(Body(ir::domain::kRegion, "r").input("x", "float32[]").output("x"));
  EXPECT_EQ(refusal(region).code, "unexpected_function");
}

TEST(Verify, RefusesAPartThatIsNotPure) {
  Program program = train_program();
  Body step(ir::domain::kPart, "sgd.step");
  step.input("params", "float32[D]").input("grad", "float32[D]").batch("x", "y").output("params");
  program.add(step);
  EXPECT_EQ(refusal(program).code, "part_not_pure");
}

TEST(Verify, RefusesCompiledOperators) {
  Body body = module("M");
  body.add(ir::domain::kWire, "Recv", {}, {"x", "s"},
           {{"group", int64_t{0}}, {"ports", Strings{"p"}}, {"edges", std::vector<int64_t>{0}}});
  EXPECT_EQ(refusal(Program(body)).code, "compiled_operator");
}

TEST(Verify, RefusesCellsOfSlots) {
  Body body = module("M");
  body.add(ir::domain::kState, "Read", {}, {"v"},
           {{"slot", "model"}, {"cell", "params"}, {"type", "float32[]"}, {"init", "0"}});
  EXPECT_EQ(refusal(Program(body)).code, "bad_cell");
}

TEST(Verify, NamesACycle) {
  Body body = module("M");
  body.onnx("Neg", {"b"}, {"a"}).onnx("Neg", {"a"}, {"b"});
  const Error error = refusal(Program(body));
  EXPECT_EQ(error.code, "cycle");
  EXPECT_CONTAINS(error.value, "M/Neg_0");
}

TEST(Verify, SortsNodesThatAreOutOfOrder) {
  Body body = module("M");
  body.input("x", "float32[]").onnx("Neg", {"a"}, {"b"}).onnx("Neg", {"x"}, {"a"}).give("b", "b");
  const Result<ir::Model> model = after(Program(body), "verify");
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->functions[0].nodes[0].outputs[0], "a");
}

TEST(Bind, AcceptsABoundProgram) { EXPECT_TRUE(after(train_program(), "bind").ok()); }

TEST(Bind, NamesAnUnboundSlotAndHowToBindIt) {
  Body body = module("Train");
  body.batch("x", "y").model("Grad", {"x", "y"}, {"loss", "g"}).give("loss", "loss");
  Program program(body);
  program.slot("model", "Model", "mlp", "graph").declare("data", "DataSource");
  add_linear(program, "model");
  const Error error = refusal(program);
  EXPECT_EQ(error.code, "unbound_slot");
  EXPECT_EQ(error.fault, Fault::kCompile);
  EXPECT_EQ(error.value, "data");
  EXPECT_EQ(error.where, "pass bind: net.py:1");
  EXPECT_CONTAINS(error.hint, "bind={\"data\"");
}

TEST(Bind, LetsAnUnusedSlotBeUnbound) {
  Program program = train_program();
  program.declare("spare", "DataSource");
  EXPECT_TRUE(after(program, "bind").ok());
}

TEST(Bind, SuggestsTheNearestSlotForABinding) {
  Program program = train_program();
  program.bind("dtaa", "DataSource", "arrays");
  const Error error = refusal(program);
  EXPECT_EQ(error.code, "unknown_slot");
  EXPECT_CONTAINS(error.hint, "\"data\"");
}

TEST(Bind, RefusesABindingOfAnotherRole) {
  Program program = train_program();
  program.bind("data", "Aggregator", "krum");
  const Error error = refusal(program);
  EXPECT_EQ(error.code, "binding_role");
  EXPECT_CONTAINS(error.message, "DataSource");
  EXPECT_CONTAINS(error.message, "Aggregator");
}

TEST(Bind, RefusesAnOperationOnASlotOfAnotherRole) {
  Body body = module("M");
  body.add(ir::domain::kData, "NextBatch", {}, {"x", "y"}, {{"slot", "model"}});
  Program program(body);
  bind_all(program);
  add_linear(program, "model");
  EXPECT_EQ(refusal(program).code, "slot_role");
}

TEST(Bind, RefusesAnUndeclaredSlotOfAnOperation) {
  Body body = module("M");
  body.add(ir::domain::kData, "NextBatch", {}, {"x", "y"}, {{"slot", "dat"}});
  Program program(body);
  bind_all(program);
  add_linear(program, "model");
  const Error error = refusal(program);
  EXPECT_EQ(error.code, "unknown_slot");
  EXPECT_CONTAINS(error.hint, "\"data\"");
}

TEST(Bind, RefusesAModelThatIsNoGraphPart) {
  Body body = module("Train");
  body.batch("x", "y").model("Grad", {"x", "y"}, {"loss", "g"}).give("loss", "loss");
  Program program(body);
  bind_all(program);
  EXPECT_EQ(refusal(program).code, "not_a_graph_part");
}

TEST(Bind, RefusesMalformedTables) {
  ir::Model model = train_program().model();
  model.meta["bb.bindings"] = "[1]";
  EXPECT_EQ(compile(ir::to_onnx(model), {}).error().code, "bad_table");
  model.meta["bb.bindings"] = "{";
  EXPECT_EQ(compile(ir::to_onnx(model), {}).error().code, "bad_table");
  model = train_program().model();
  model.meta["bb.slots"] = R"({"":"Model"})";
  EXPECT_EQ(compile(ir::to_onnx(model), {}).error().code, "bad_slot_name");
  model.meta["bb.slots"] = R"({"model":"Modle"})";
  EXPECT_EQ(compile(ir::to_onnx(model), {}).error().code, "unknown_role");
}

}  // namespace
}  // namespace bb::compiler
