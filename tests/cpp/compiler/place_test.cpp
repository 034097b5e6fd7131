// Passes place and prune: where operations run, and which are needed at all.
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

std::set<std::string> kinds(const ir::Model& model) {
  std::set<std::string> out;
  for (const ir::Node& node : model.find(ir::domain::kModule, "M")->nodes)
    if (const auto on = node.meta.find("bb.on"); on != node.meta.end()) out.insert(on->second);
  return out;
}

TEST(Place, WithoutAnyKindEverythingIsMain) {
  Body body = module("M");
  body.input("x", "float32[2]").onnx("Neg", {"x"}, {"a"}).give("a", "a");
  EXPECT_EQ(kinds(*after(Program(body), "place")), std::set<std::string>{"main"});
}

TEST(Place, OneKindTakesWhatIsNotPlaced) {
  Body body = module("M");
  body.batch("x", "y").on("worker").model("Params", {}, {"w"}).give("w", "w");
  EXPECT_EQ(kinds(*after(bound(body), "place")), std::set<std::string>{"worker"});
}

TEST(Place, FollowsDataBothWays) {
  Body body = module("M");
  body.input("x", "float32[2]").neighbours("to").onnx("Neg", {"x"}, {"a"});
  body.on("left").net_out("p", "a", "to", "right", "b");
  body.on("").onnx("Neg", {"b"}, {"c"}).give("c", "c");
  const Result<ir::Model> model = after(bound(body), "place");
  ASSERT_TRUE(model.ok()) << model.error().text();
  const ir::Function& entry = *model->find(ir::domain::kModule, "M");
  std::vector<std::string> on;
  for (const ir::Node& node : entry.nodes) on.push_back(node.meta.at("bb.on"));
  EXPECT_EQ(on, (Strings{"left", "left", "left", "right", "right"}));
  EXPECT_EQ(entry.meta.at("bb.inputs"), R"({"x":"left"})");
}

TEST(Place, GossipIsOneKindNamedByItsPort) {
  Body body = module("M");
  body.neighbours("to").model("Params", {}, {"w"}).net_out("x", "w", "to", "peer", "r");
  body.gather("r", "to", "q", {{"key", "round"}}).aggregate("q", "v").give("v", "v");
  EXPECT_EQ(kinds(*after(bound(body), "place")), std::set<std::string>{"peer"});
}

TEST(Place, NamesBothLinesOfAConflict) {
  Body body = module("M");
  body.on("server")
      .model("Params", {}, {"w"})
      .on("client")
      .onnx("Neg", {"w"}, {"a"})
      .give("a", "a");
  const Error error = refusal(bound(body));
  EXPECT_EQ(error.code, "placement");
  EXPECT_CONTAINS(error.message, "net.py:1 on server");
  EXPECT_CONTAINS(error.message, "net.py:2 on client");
  EXPECT_CONTAINS(error.hint, "net_out");
}

TEST(Place, RefusesAHostInputOnTwoKinds) {
  Body body = module("M");
  body.input("x", "float32[2]").on("a").onnx("Neg", {"x"}, {"p"}).give("p", "p");
  body.on("b").onnx("Neg", {"x"}, {"q"}).give("q", "q");
  const Error error = refusal(Program(body));
  EXPECT_EQ(error.code, "input_on_two_kinds");
  EXPECT_EQ(error.value, "x");
}

TEST(Place, RefusesWhatCouldRunAnywhere) {
  Body body = module("M");
  body.on("a").model("Params", {}, {"w"}).give("w", "w");
  body.on("b").model("Params", {}, {"v"}).give("v", "v").on("").neighbours("n");
  body.add(ir::domain::kFlow, "Output", {"n"}, {"n.out"}, {{"name", "n"}});
  const Error error = refusal(bound(body));
  EXPECT_EQ(error.code, "unplaced");
  EXPECT_CONTAINS(error.message, "a, b");
}

TEST(Place, SuggestsTheKindOfASendToNobody) {
  Body body = module("M");
  body.on("server").sample("to", 1).model("Params", {}, {"w"});
  body.net_out("p", "w", "to", "clinet", "r");
  body.on("client").neighbours("n").give("n", "n");
  const Error error = refusal(bound(body));
  EXPECT_EQ(error.code, "empty_kind");
  EXPECT_CONTAINS(error.hint, "\"client\"");
}

TEST(Place, RefusesKindsThatAreNoNames) {
  Body body = module("M");
  body.on("my server").input("x", "float32[2]").give("x", "x");
  EXPECT_EQ(refusal(Program(body)).code, "bad_kind");
}

TEST(Place, AConstantServesEveryKind) {
  Body body = module("M");
  body.input("x", "float32[]")
      .input("y", "float32[]")
      .on("a")
      .scalar("c", 2)
      .onnx("Neg", {"c"}, {"n"});
  body.onnx("Add", {"x", "n"}, {"p"})
      .give("p", "p")
      .on("b")
      .onnx("Add", {"y", "n"}, {"q"})
      .give("q", "q");
  const ir::Model artifact = artifact_of(Program(body));
  EXPECT_EQ(count_of(*artifact.find(ir::domain::kRegion, "a.r0"), "", "Neg"), 1u);
  EXPECT_EQ(count_of(*artifact.find(ir::domain::kRegion, "b.r0"), "", "Neg"), 1u);
}

TEST(Prune, DropsTheReferenceThatNoDeltaReads) {
  Body body = module("M");
  body.input("v", "float32[model.D]").model("LoadParameters", {"v"}, {"t"}).give("t", "t");
  EXPECT_EQ(entry_text(after(bound(body), "prune"), "M"), R"(module::M(v) -> (t.out) {
  M/LoadParameters_0/params_written = state::Write(v) cell="params" init="layout" slot="model" type="float32[6]"  # bb.on=main
  t.out = flow::Output(M/LoadParameters_0/params_written) name="t"  # bb.on=main
}
)");
}

TEST(Prune, KeepsTheReferenceForADelta) {
  Body body = module("M");
  body.input("v", "float32[model.D]").model("LoadParameters", {"v"}, {"t"});
  body.model("Delta", {}, {"d"}, {"t"}).give("d", "d");
  const Result<ir::Model> model = after(bound(body), "prune");
  EXPECT_EQ(count_of(*model->find(ir::domain::kModule, "M"), ir::domain::kState, "Write"), 2u);
}

TEST(Prune, DropsACellThatOnlyFeedsItself) {
  Body body = module("M");
  body.read("m", "float32[2]", "a").onnx("Neg", {"a"}, {"b"}).write("m", "float32[2]", "b", "t");
  body.input("x", "float32[2]").give("x", "x");
  const Result<ir::Model> model = after(Program(body), "prune");
  EXPECT_EQ(model->find(ir::domain::kModule, "M")->nodes.size(), 1u);
}

TEST(Prune, WaitsForWhatADroppedWriteWaitedFor) {
  Body body = module("M");
  body.input("v", "float32[2]").onnx("Neg", {"v"}, {"n"}).write("log", "float32[2]", "n", "t");
  body.batch("x", "y", {"t"}).model("Grad", {"x", "y"}, {"l", "g"}).give("g", "g");
  const std::string text = entry_text(after(bound(body), "prune"), "M");
  EXPECT_CONTAINS(text, "NextBatch(n) after=1");
  EXPECT_FALSE(contains(text, "state::Write"));
}

TEST(Prune, KeepsAWriteWhoseTriggerTheHostSees) {
  Body body = module("M");
  body.input("v", "float32[2]").write("log", "float32[2]", "v", "t").give("t", "t");
  EXPECT_CONTAINS(entry_text(after(Program(body), "prune"), "M"), "state::Write");
}

TEST(Prune, KeepsOneWriteForAJoin) {
  Body body = module("M");
  body.input("v", "float32[2]")
      .write("a", "float32[2]", "v", "t")
      .write("b", "float32[2]", "v", "u");
  body.add(ir::domain::kFlow, "Join", {"t", "u"}, {"j"}).give("j", "j");
  const Result<ir::Model> model = after(Program(body), "prune");
  ASSERT_TRUE(model.ok()) << model.error().text();
  EXPECT_EQ(count_of(*model->find(ir::domain::kModule, "M"), ir::domain::kState, "Write"), 1u);
}

TEST(Prune, ListsOnlyTheSlotsInUse) {
  Body body = module("M");
  body.on("server").model("Params", {}, {"w"}).give("w", "w").on("client").batch("x", "y");
  const ir::Model artifact = artifact_of(bound(body));
  const Config bindings = Config::parse(artifact.meta.at("bb.bindings")).value();
  EXPECT_EQ(bindings.as_dict().size(), 2u);
  EXPECT_EQ(bindings.get("data").get("targets").text(), R"(["client"])");
  EXPECT_EQ(bindings.get("model").get("targets").text(), R"(["server"])");
}

}  // namespace
}  // namespace bb::compiler
