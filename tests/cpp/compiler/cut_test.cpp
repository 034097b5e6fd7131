// Passes cut, group, frames and order: partitions, envelopes, executions, effects.
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

const char* const kFlat = "float32[model.D]";

TEST(Cut, NumbersEdgesByKindsAndPort) {
  const Result<ir::Model> model = after(sgd_program(), "cut");
  ASSERT_TRUE(model.ok()) << model.error().text();
  EXPECT_EQ(
      model->meta.at("bb.edges"),
      R"([{"codec":"","from":"client","group":0,"id":0,"port":"update","to":"server","type":"float32[4810]"},)"
      R"({"codec":"","from":"server","group":1,"id":1,"port":"weights","to":"client","type":"float32[4810]"}])");
}

TEST(Cut, RefusesOnePortTwice) {
  Body body = module("M");
  body.on("a").neighbours("to").model("Params", {}, {"w"}).net_out("p", "w", "to", "b", "r");
  body.net_out("p", "w", "to", "b", "s").on("b").give("r", "r").give("s", "s");
  const Error error = refusal(bound(body));
  EXPECT_EQ(error.code, "duplicate_port");
  EXPECT_CONTAINS(error.message, "net.py:3");
  EXPECT_EQ(error.where, "pass cut: net.py:4");
}

TEST(Cut, RefusesOneOutputTwice) {
  Body body = module("M");
  body.input("x", "float32[]").give("out", "x");
  body.add(ir::domain::kFlow, "Output", {"x"}, {"again"}, {{"name", "out"}});
  const Error error = refusal(Program(body));
  EXPECT_EQ(error.code, "duplicate_output");
  EXPECT_CONTAINS(error.message, "net.py:1");
}

TEST(Cut, OutputsOfTwoKindsMayShareAName) {
  Body body = module("M");
  body.on("a").model("Params", {}, {"w"}).give("w", "w").on("b").model("Params", {}, {"v"});
  body.add(ir::domain::kFlow, "Output", {"v"}, {"v.out"}, {{"name", "w"}});
  EXPECT_EQ(artifact_of(bound(body)).find(ir::domain::kTarget, "b")->outputs.size(), 1u);
}

TEST(Cut, OutputsStandInTheOrderOfTheTable) {
  Body body = module("M");
  body.input("x", "float32[2]").input("n", "int64[3]").onnx("Neg", {"x"}, {"a"});
  body.onnx("Exp", {"a"}, {"late"}).give("late", "late").give("early", "n");
  const ir::Model artifact = artifact_of(Program(body));
  EXPECT_CONTAINS(artifact.meta.at("bb.targets"),
                  R"("outputs":[["late","float32[2]"],["early","int64[3]"]])");
  const ir::Function& target = *artifact.find(ir::domain::kTarget, "main");
  EXPECT_EQ(target.types.at(target.outputs[0]).text(), "float32[2]");
}

Body two_ports(const std::string& second_to) {
  Body body = module("M");
  body.on("a").neighbours("to").neighbours("others").model("Params", {}, {"w"});
  body.net_out("p", "w", "to", "b", "r").net_out("q", "w", second_to, "b", "s");
  return body;
}

TEST(Group, SendsToOneReceiverShareAnEnvelope) {
  Body body = two_ports("to");
  body.on("b").onnx("Add", {"r", "s"}, {"t"}).net_out("back", "t", "s.sender", "a", "u");
  body.net_out("again", "t", "r.sender", "a", "v")
      .on("a")
      .onnx("Add", {"u", "v"}, {"z"})
      .give("z", "z");
  const Result<ir::Model> model = after(bound(body), "group");
  EXPECT_EQ(target_text(model, "b"), R"(target::b() -> () {
  r, s, r.sender = wire::Recv() edges=[0, 1] group=0 ports=["p", "q"]  # bb.on=b
  t = Add(r, s)  # bb.on=b
  sent_back = wire::Send(r.sender, t, t) codecs=["", ""] edges=[2, 3] group=1 ports=["again", "back"] to_kind="a"  # bb.on=b
}
)");
}

TEST(Group, SendsToTwoReceiversStayApart) {
  Body body = two_ports("others");
  body.on("b").give("r", "r").give("s", "s");
  const Result<ir::Model> model = after(bound(body), "group");
  EXPECT_EQ(count_of(*model->find(ir::domain::kTarget, "a"), ir::domain::kWire, "Send"), 2u);
}

TEST(Group, ASendAfterAGatherIsAnEnvelopeOfItsOwn) {
  Body body = module("M");
  body.on("a").neighbours("to").model("Params", {}, {"w"}).net_out("p", "w", "to", "b", "r");
  body.on("b").net_out("back", "r", "r.sender", "a", "u");
  body.on("a").gather("u", "to", "q").aggregate("q", "v").net_out("z", "v", "to", "b", "s");
  body.on("b").give("s", "s");
  const ir::Model artifact = artifact_of(bound(body));
  EXPECT_EQ(count_of(*artifact.find(ir::domain::kTarget, "a"), ir::domain::kWire, "Send"), 2u);
  EXPECT_EQ(count_of(*artifact.find(ir::domain::kTarget, "b"), ir::domain::kWire, "Recv"), 2u);
}

TEST(Frames, SplitsAGatherOverTheFramesItJoins) {
  const Result<ir::Model> model = after(sgd_program(), "frames");
  const std::string text = target_text(model, "server");
  EXPECT_CONTAINS(
      text, "flow::Contribute(update, update.sender) gather=0 name=\"arrived\"  # bb.frame=1");
  EXPECT_CONTAINS(text, "flow::Gather(who) gather=0 key=\"root\" name=\"arrived\" need=-1");
  EXPECT_EQ(model->meta.at("bb.frames"),
            R"({"client":[{"edges":[1],"group":1,"kind":"recv"}],)"
            R"("server":[{"kind":"entry"},{"edges":[0],"group":0,"kind":"recv"}]})");
}

TEST(Frames, AMissingGatherIsAMixOfFrames) {
  Body body = module("M");
  body.on("server").sample("who", 3).model("Params", {}, {"w"});
  body.net_out("weights", "w", "who", "client", "r");
  body.on("client")
      .read("m", kFlat, "m")
      .onnx("Add", {"r", "m"}, {"n"})
      .write("m", kFlat, "n", "t");
  body.net_out("update", "n", "r.sender", "server", "u");
  body.on("server").onnx("Add", {"w", "u"}, {"sum"}).give("sum", "sum");
  const Error error = refusal(bound(body));
  EXPECT_EQ(error.code, "mixed_frames");
  EXPECT_EQ(error.value, "server");
  EXPECT_CONTAINS(error.where, "net.py:8");
  EXPECT_CONTAINS(error.hint, "g.gather");
}

TEST(Frames, TwoArrivalsAreAMixOfFrames) {
  Body body = two_ports("others");
  body.on("b").onnx("Add", {"r", "s"}, {"t"}).give("t", "t");
  const Error error = refusal(bound(body));
  EXPECT_EQ(error.code, "mixed_frames");
  EXPECT_CONTAINS(error.message, "\"p\"");
  EXPECT_CONTAINS(error.message, "\"q\"");
  EXPECT_CONTAINS(error.where, "net.py:6");
}

TEST(Frames, AnArrivalAndAHostInputAreAMixOfFrames) {
  Body body = module("M");
  body.input("x", "float32[6]").on("a").neighbours("to").model("Params", {}, {"w"});
  body.net_out("p", "w", "to", "b", "r").on("b").onnx("Add", {"r", "x"}, {"t"}).give("t", "t");
  const Error error = refusal(bound(body));
  EXPECT_EQ(error.code, "mixed_frames");
  EXPECT_CONTAINS(error.message, "host inputs");
}

TEST(Frames, APortThatOnlyAnswersItselfNeverStarts) {
  Body body = module("M");
  body.on("a")
      .net_out("ping", "r", "r.sender", "b", "s")
      .on("b")
      .net_out("pong", "s", "s.sender", "a", "r");
  EXPECT_EQ(refusal(bound(body)).code, "cycle");
}

TEST(Frames, AGatherNeedsAValueThatArrives) {
  Body body = module("M");
  body.neighbours("to")
      .model("Params", {}, {"w"})
      .gather("w", "to", "q")
      .aggregate("q", "v")
      .give("v", "v");
  EXPECT_EQ(refusal(bound(body)).code, "gather_source");
}

TEST(Frames, ChecksTheTermsOfAGather) {
  const auto refused = [](Attrs attrs) {
    Body body = module("M");
    body.on("p").sample("to", 4).model("Params", {}, {"w"}).net_out("x", "w", "to", "p", "r");
    body.gather("r", "to", "q", std::move(attrs)).aggregate("q", "v").give("v", "v");
    return refusal(bound(body)).code;
  };
  EXPECT_EQ(refused({}), "compiled");
  EXPECT_EQ(refused({{"need", int64_t{4}}}), "compiled");
  EXPECT_EQ(refused({{"need", int64_t{5}}}), "need_too_large");
  EXPECT_EQ(refused({{"need", int64_t{0}}}), "bad_need");
  EXPECT_EQ(refused({{"need", int64_t{-2}}}), "bad_need");
  EXPECT_EQ(refused({{"timeout_ns", int64_t{0}}}), "bad_timeout");
  EXPECT_EQ(refused({{"key", "rond"}}), "bad_key");
}

TEST(Order, AWriteWaitsForEarlierReadsAndLaterReadsForIt) {
  Body body = module("M");
  body.input("v", "float32[2]").read("m", "float32[2]", "a").write("m", "float32[2]", "v", "t");
  body.read("m", "float32[2]", "b").give("a", "a").give("b", "b");
  EXPECT_EQ(target_text(after(Program(body), "order"), "main"),
            R"(target::main(v) -> (a.out, b.out) {
  a = state::Read() cell="m" init="0" slot="" type="float32[2]"  # bb.frame=0 bb.on=main
  t = state::Write(v, a) after=1 cell="m" init="0" slot="" type="float32[2]"  # bb.frame=0 bb.on=main
  b = state::Read(t) after=1 cell="m" init="0" slot="" type="float32[2]"  # bb.frame=0 bb.on=main
  a.out = flow::Output(a) name="a"  # bb.frame=0 bb.on=main
  b.out = flow::Output(b) name="b"  # bb.frame=0 bb.on=main
}
)");
}

TEST(Order, BatchesOfOneSlotComeInRecordedOrder) {
  Body body = module("M");
  body.batch("x", "y").batch("x2", "y2").model("Grad", {"x2", "y2"}, {"l2", "g2"});
  body.model("Grad", {"x", "y"}, {"l", "g"}).give("g", "g").give("g2", "g2");
  const std::string text = target_text(after(bound(body), "order"), "main");
  EXPECT_CONTAINS(text, "x2, y2 = data::NextBatch(x) after=1");
}

TEST(Order, AddsNothingThatDataFlowOrders) {
  Body body = module("M");
  body.read("m", "float32[2]", "a").onnx("Neg", {"a"}, {"b"}).write("m", "float32[2]", "b", "t");
  const std::string text = target_text(after(Program(body.give("t", "t")), "order"), "main");
  EXPECT_FALSE(contains(text, "after="));
}

TEST(Order, DoesNotReachIntoOtherFrames) {
  Body body = module("M");
  body.on("p").neighbours("to").read("m", kFlat, "a").write("m", kFlat, "a", "t");
  body.net_out("x", "a", "to", "p", "r").write("m", kFlat, "r", "t2").give("t2", "t2");
  const std::string text = target_text(after(bound(body), "order"), "p");
  EXPECT_CONTAINS(text, "t2 = state::Write(r) cell");
}

}  // namespace
}  // namespace bb::compiler
