// Passes parts, differentiate and expand: models become flat buffers, cells and pure functions.
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

TEST(Parts, LaysParametersOutInDeclarationOrder) {
  Body body = module("M");
  body.model("Params", {}, {"w"}).give("w", "w");
  Program program(body);
  bind_all(program);
  add_mlp(program, "model", 4, 3, 2);
  const Result<ir::Model> model = after(program, "parts");
  ASSERT_TRUE(model.ok()) << model.error().text();
  EXPECT_EQ(
      model->meta.at("bb.layout.model"),
      R"([{"dtype":"float32","fan_in":4,"fan_out":3,"init":"he","name":"w1","offset":0,"shape":[4,3]},)"
      R"({"dtype":"float32","fan_in":3,"fan_out":3,"init":"zero","name":"b1","offset":12,"shape":[3]},)"
      R"({"dtype":"float32","fan_in":3,"fan_out":2,"init":"he","name":"w2","offset":15,"shape":[3,2]},)"
      R"({"dtype":"float32","fan_in":2,"fan_out":2,"init":"zero","name":"b2","offset":21,"shape":[2]}])");
}

TEST(Parts, EvaluateCountsRowsAndHits) {
  Body body = module("M");
  body.model("Params", {}, {"w"}).give("w", "w");
  const Result<ir::Model> model = after(with_linear(body), "parts");
  EXPECT_EQ(plain(model, ir::domain::kEvaluate, "model"),
            R"(evaluate::model(params, x, y) -> (logits, loss_sum, correct) {
  predict/Constant = Constant() value=int64[2]{3, 2}
  predict/Reshape = Reshape(params, predict/Constant)
  logits = MatMul(x, predict/Reshape)
  loss/loss = SoftmaxCrossEntropyLoss(logits, y) reduction="mean"
  Equal = Equal(y, y)
  Cast = Cast(Equal) to=1
  ReduceSum = ReduceSum(Cast) keepdims=0
  loss_sum = Mul(loss/loss, ReduceSum)
  ArgMax = ArgMax(logits) axis=1 keepdims=0
  Equal_2 = Equal(ArgMax, y)
  Cast_2 = Cast(Equal_2) to=1
  ReduceSum_2 = ReduceSum(Cast_2) keepdims=0
  correct = Cast(ReduceSum_2) to=7
}
)");
}

TEST(Parts, RefusesBadLayouts) {
  const auto refused = [](const std::string& layout) {
    Body body = module("M");
    body.model("Params", {}, {"w"}).give("w", "w");
    ir::Model model = with_linear(body).model();
    model.find(ir::domain::kPart, "model.forward")->meta["bb.layout"] = layout;
    const Result<Compiled> out = compile(ir::to_onnx(model), {});
    return out.ok() ? std::string("compiled") : out.error().code;
  };
  EXPECT_EQ(refused("nonsense"), "bad_layout");
  EXPECT_EQ(refused("[]"), "bad_layout");
  EXPECT_EQ(refused("[1]"), "bad_layout");
  EXPECT_EQ(refused(R"([{"name":"w","dtype":"int32","shape":[3,2],"init":"he"}])"), "bad_layout");
  EXPECT_EQ(refused(R"([{"name":"w","dtype":"float32","shape":[-3,2],"init":"he"}])"),
            "bad_layout");
  EXPECT_EQ(
      refused(R"([{"name":"w","dtype":"float32","shape":[4294967296,4294967296],"init":"he"}])"),
      "bad_layout");
  EXPECT_EQ(refused(R"([{"name":"w","dtype":"float32","shape":[3,2],"init":"lucky"}])"),
            "bad_layout");
  EXPECT_EQ(refused(R"([{"name":"w","dtype":"float32","shape":[2,2],"init":"he"}])"), "bad_part");
  EXPECT_EQ(refused(R"([{"name":"w","dtype":"float32","shape":[3,2],"init":{"fill":0.5}}])"),
            "compiled");
}

TEST(Differentiate, MakesAFunctionOfTheFlatBuffer) {
  Body body = module("M");
  body.batch("x", "y").model("Grad", {"x", "y"}, {"loss", "g"}).give("g", "g");
  const Result<ir::Model> model = after(with_linear(body), "differentiate");
  ASSERT_TRUE(model.ok()) << model.error().text();
  const ir::Function* gradient = model->find(ir::domain::kPart, "model.gradient");
  ASSERT_NE(gradient, nullptr);
  EXPECT_EQ(gradient->inputs, (Strings{"params", "x", "y"}));
  EXPECT_EQ(gradient->outputs, (Strings{"loss", "grad"}));
  EXPECT_EQ(gradient->types.at("grad").text(), "float32[6]");
  EXPECT_EQ(model->find(ir::domain::kPart, "model.objective"), nullptr);
}

TEST(Expand, ReadsCellsWhenTheOperationCouldRun) {
  Body body = module("M");
  body.input("flat", "float32[model.D]").model("LoadParameters", {"flat"}, {"ready"});
  body.batch("x", "y", {"ready"}).model("Grad", {"x", "y"}, {"loss", "g"});
  body.model("Delta", {}, {"d"}, {"loss"})
      .model("ApplyDelta", {"g"}, {"t"}, {}, {{"scale", "-0.5"}});
  body.give("d", "d").give("t", "t");
  EXPECT_EQ(entry_text(after(with_linear(body), "expand"), "M"),
            R"(module::M(flat) -> (d.out, t.out) {
  M/LoadParameters_0/params_written = state::Write(flat) cell="params" init="layout" slot="model" type="float32[6]"
  M/LoadParameters_0/reference_written = state::Write(flat) cell="reference" init="layout" slot="model" type="float32[6]"
  ready = flow::Join(M/LoadParameters_0/params_written, M/LoadParameters_0/reference_written)
  x, y = data::NextBatch(ready) after=1 slot="data"
  M/Grad_0/params = state::Read(x, y) after=2 cell="params" init="layout" slot="model" type="float32[6]"
  loss, g = part::model.gradient(M/Grad_0/params, x, y)  # bb.slot=model
  M/Delta_0/params = state::Read(loss) after=1 cell="params" init="layout" slot="model" type="float32[6]"
  M/Delta_0/reference = state::Read(loss) after=1 cell="reference" init="layout" slot="model" type="float32[6]"
  d = Sub(M/Delta_0/params, M/Delta_0/reference)
  M/ApplyDelta_0/params = state::Read(g) after=1 cell="params" init="layout" slot="model" type="float32[6]"
  M/ApplyDelta_0/scale = Constant() value=float32[]{-0.5}
  M/ApplyDelta_0/params_out = part::model.apply_scaled(M/ApplyDelta_0/params, g, M/ApplyDelta_0/scale)  # bb.slot=model
  t = state::Write(M/ApplyDelta_0/params_out) cell="params" init="layout" slot="model" type="float32[6]"
  d.out = flow::Output(d) name="d"
  t.out = flow::Output(t) name="t"
}
)");
}

TEST(Expand, TrainStepRunsTheOptimizerOverItsCells) {
  Body body = module("M");
  body.batch("x", "y").model("TrainStep", {"x", "y"}, {"t", "loss"}, {}, {{"optimizer", "opt"}});
  Program program = with_linear(body.give("t", "t"));
  program.slot("opt", "Optimizer", "sgd", "graph");
  add_momentum(program, "opt");
  const std::string text = entry_text(after(program, "expand"), "M");
  EXPECT_CONTAINS(
      text,
      R"(M/TrainStep_0/m = state::Read(x, y) after=2 cell="m" init="0.0" slot="opt" type="float32[6]")");
  EXPECT_CONTAINS(text,
                  "part::opt.step(M/TrainStep_0/params, M/TrainStep_0/grad, M/TrainStep_0/m)");
  EXPECT_CONTAINS(text, R"(state::Write(M/TrainStep_0/m_out) cell="m" init="0.0" slot="opt")");
  const ir::Model artifact = artifact_of(program);
  EXPECT_CONTAINS(artifact.meta.at("bb.cells"),
                  R"({"cell":"m","init":0.0,"slot":"opt","targets":["main"])");
  EXPECT_CONTAINS(artifact.meta.at("bb.bindings"), R"("opt":)");
}

TEST(Expand, RoundsTheScaleFromFloat64) {
  Body body = module("M");
  body.input("v", "float32[model.D]").model("ApplyDelta", {"v"}, {"t"}, {}, {{"scale", "0.1"}});
  const ir::Model artifact = artifact_of(with_linear(body.give("t", "t")));
  const ir::Function* region = artifact.find(ir::domain::kRegion, "main.r0");
  ASSERT_NE(region, nullptr);
  EXPECT_EQ(ir::constant_value(region->nodes[0])->view<float>()[0], static_cast<float>(0.1));
  EXPECT_EQ(region->nodes[1].op, "Mul");
  EXPECT_EQ(region->nodes[2].op, "Add");
}

TEST(Expand, RefusesScalesThatAreNoNumbers) {
  for (const char* scale : {"fast", "", "nan", "inf", "1e300", "1 2"}) {
    Body body = module("M");
    body.input("v", "float32[model.D]").model("ApplyDelta", {"v"}, {"t"}, {}, {{"scale", scale}});
    EXPECT_EQ(refusal(with_linear(body.give("t", "t"))).code, "bad_number") << scale;
  }
}

TEST(Expand, KeepsAnOptimizerForOneModel) {
  Body body = module("M");
  body.batch("x", "y").model("TrainStep", {"x", "y"}, {"t", "l"}, {}, {{"optimizer", "opt"}});
  body.model("TrainStep", {"x", "y"}, {"t2", "l2"}, {}, {{"optimizer", "opt"}, {"slot", "other"}});
  Program program = with_linear(body.give("t", "t").give("t2", "t2"));
  program.slot("opt", "Optimizer", "sgd", "graph").slot("other", "Model", "linear", "graph");
  add_linear(program, "other");
  add_momentum(program, "opt");
  EXPECT_EQ(refusal(program).code, "optimizer_shared");
}

}  // namespace
}  // namespace bb::compiler
