// Pass inline: bodies of sub-modules, recursion, arguments by name.
#include "compiler/stages.h"

namespace bb::compiler {
namespace {

using namespace testing;

Body doubler() {
  Body body = module("Double");
  body.input("h", "float32[N]").onnx("Add", {"h", "h"}, {"sum"}).give("out", "sum");
  return body;
}

TEST(Inline, CopiesTheBodyPerCall) {
  Body body = module("Net");
  body.input("x", "float32[N]")
      .call("Double", {{"h", "x"}}, {"a"})
      .call("Double", {{"h", "a"}}, {"b"});
  body.give("b", "b");
  Program program(body);
  program.add(doubler());
  const Result<ir::Model> model = after(program, "inline");
  EXPECT_EQ(entry_text(model, "Net"), R"(module::Net(x) -> (b.out) {
  Net/Double_0/sum = Add(x, x)
  Net/Double_1/sum = Add(Net/Double_0/sum, Net/Double_0/sum)
  b.out = flow::Output(Net/Double_1/sum) name="b"
}
)");
  EXPECT_EQ(model->functions.size(), 1u);
}

TEST(Inline, UsesEachNestedBodyOnce) {
  Body middle = module("Middle");
  middle.input("h", "float32[N]").call("Double", {{"h", "h"}}, {"d"}).give("d", "d");
  Body body = module("Net");
  body.input("x", "float32[N]")
      .call("Middle", {{"h", "x"}}, {"a"})
      .call("Double", {{"h", "a"}}, {"b"});
  body.give("b", "b");
  Program program(body);
  program.add(middle).add(doubler());
  EXPECT_EQ(entry_text(after(program, "inline"), "Net"), R"(module::Net(x) -> (b.out) {
  Net/Middle_0/Double_0/sum = Add(x, x)
  Net/Double_0/sum = Add(Net/Middle_0/Double_0/sum, Net/Middle_0/Double_0/sum)
  b.out = flow::Output(Net/Double_0/sum) name="b"
}
)");
}

TEST(Inline, BindsArgumentsByName) {
  Body child = module("Minus");
  child.input("a", "float32[]")
      .input("b", "float32[]")
      .onnx("Sub", {"a", "b"}, {"d"})
      .give("d", "d");
  Body body = module("Net");
  body.input("x", "float32[]").input("y", "float32[]");
  body.call("Minus", {{"b", "x"}, {"a", "y"}}, {"d"}).give("d", "d");
  Program program(body);
  program.add(child);
  EXPECT_CONTAINS(entry_text(after(program, "inline"), "Net"), "Sub(y, x)");
}

TEST(Inline, PassesAnInputThrough) {
  Body child = module("Same");
  child.input("h", "float32[]").give("out", "h");
  Body body = module("Net");
  body.input("x", "float32[]")
      .call("Same", {{"h", "x"}}, {"a"})
      .onnx("Neg", {"a"}, {"b"})
      .give("b", "b");
  Program program(body);
  program.add(child);
  EXPECT_CONTAINS(entry_text(after(program, "inline"), "Net"), "b = Neg(x)");
}

TEST(Inline, GivesTheCallsKindToOperationsWithoutOne) {
  Body body = module("Net");
  body.input("x", "float32[N]").on("server").call("Double", {{"h", "x"}}, {"a"}).give("a", "a");
  Program program(body);
  program.add(doubler());
  const Result<ir::Model> model = after(program, "inline");
  EXPECT_EQ(model->functions[0].nodes[0].meta.at("bb.on"), "server");
}

TEST(Inline, NamesTheCycleOfARecursion) {
  Body a = module("A");
  a.input("h", "float32[]").call("B", {{"h", "h"}}, {"r"}).give("r", "r");
  Body b = module("B");
  b.input("h", "float32[]").call("A", {{"h", "h"}}, {"r"}).give("r", "r");
  Body body = module("Net");
  body.input("x", "float32[]").call("A", {{"h", "x"}}, {"r"}).give("r", "r");
  Program program(body);
  program.add(a).add(b);
  const Error error = refusal(program);
  EXPECT_EQ(error.code, "recursion");
  EXPECT_EQ(error.value, "A -> B -> A");
  EXPECT_EQ(error.where, "pass inline: net.py:1");
}

TEST(Inline, RefusesAModuleThatCallsItself) {
  Body body = module("Net");
  body.input("x", "float32[]").call("Net", {{"x", "x"}}, {"r"}).give("r", "r");
  EXPECT_EQ(refusal(Program(body)).code, "recursion");
}

TEST(Inline, StopsAProgramThatMultiplies) {
  Body body = module("Net");
  body.input("x", "float32[N]").call("Level0", {{"h", "x"}}, {"r"}).give("r", "r");
  Program program(body);
  constexpr int kLevels = 40;  // 2^40 operations once inlined
  for (int level = 0; level < kLevels; ++level) {
    const std::string next = level + 1 < kLevels ? "Level" + std::to_string(level + 1) : "Double";
    Body child = module("Level" + std::to_string(level));
    child.input("h", "float32[N]").call(next, {{"h", "h"}}, {"a"}).call(next, {{"h", "a"}}, {"b"});
    program.add(child.give("b", "b"));
  }
  program.add(doubler());
  EXPECT_EQ(refusal(program).code, "too_large");
}

TEST(Inline, StopsModulesNestedTooDeeply) {
  Body body = module("Net");
  body.input("x", "float32[N]").call("Level0", {{"h", "x"}}, {"r"}).give("r", "r");
  Program program(body);
  constexpr int kLevels = 2000;
  for (int level = 0; level < kLevels; ++level) {
    const std::string next = level + 1 < kLevels ? "Level" + std::to_string(level + 1) : "Double";
    Body child = module("Level" + std::to_string(level));
    program.add(child.input("h", "float32[N]").call(next, {{"h", "h"}}, {"a"}).give("a", "a"));
  }
  program.add(doubler());
  EXPECT_EQ(refusal(program).code, "too_deep");
}

TEST(Inline, DropsModulesThatNothingCalls) {
  Body body = module("Net");
  body.input("x", "float32[]").give("x", "x");
  Program program(body);
  program.add(doubler());
  EXPECT_EQ(after(program, "inline")->functions.size(), 1u);
}

}  // namespace
}  // namespace bb::compiler
