// Nodes, constants, producers, topological order, and the text form.
#include "bb/ir/graph.h"

#include <gtest/gtest.h>

#include "ir/ir_builder.h"

namespace bb::ir::testing {
namespace {

Names ops_of(const Function& f) {
  Names out;
  for (const Node& n : f.nodes) out.push_back(n.op);
  return out;
}

TEST(Node, AttributesFallBackOnAbsenceAndOnAnotherType) {
  const Node n = onnx("X", {}, {}, {{"i", int64_t{3}}, {"f", 0.5}, {"s", "text"}});
  EXPECT_EQ(n.int_attr("i", 7), 3);
  EXPECT_EQ(n.int_attr("f", 7), 7);
  EXPECT_EQ(n.float_attr("f", 1), 0.5);
  EXPECT_EQ(n.string_attr("s"), "text");
  EXPECT_EQ(n.string_attr("i", "none"), "none");
  EXPECT_TRUE(n.ints_attr("missing").empty());
  EXPECT_TRUE(n.is(domain::kOnnx, "X"));
}

TEST(Model, FindsFunctionsByDomainAndName) {
  Model model;
  model.functions.push_back(function(domain::kModule, "a", {}, {}, {}));
  model.functions.push_back(function(domain::kPart, "a", {}, {}, {}));
  EXPECT_EQ(model.find(domain::kPart, "a"), &model.functions[1]);
  EXPECT_EQ(std::as_const(model).find(domain::kModule, "a"), &model.functions[0]);
  EXPECT_EQ(model.find(domain::kRegion, "a"), nullptr);
}

TEST(Sort, IsStableAndPutsProducersFirst) {
  Function f = function(domain::kModule, "f", {{"x", "float32[]"}},
                        {onnx("Add", {"a", "b"}, {"y"}), onnx("Exp", {"x"}, {"b"}),
                         onnx("Log", {"x"}, {"a"}), onnx("Abs", {"x"}, {"c"})},
                        {"y"});
  ASSERT_TRUE(sort_topologically(f).ok());
  EXPECT_EQ(ops_of(f), (Names{"Exp", "Log", "Add", "Abs"}));
  const Names once = ops_of(f);
  ASSERT_TRUE(sort_topologically(f).ok());
  EXPECT_EQ(ops_of(f), once);
  EXPECT_EQ(producers(f).at("y"), 2u);
  EXPECT_FALSE(producers(f).contains("x"));
}

TEST(Sort, NamesTheCycleAndOnlyTheCycle) {
  Function f = function(domain::kModule, "f", {{"x", "float32[]"}},
                        {onnx("Neg", {"p"}, {"q"}), onnx("Abs", {"q"}, {"p"}),
                         onnx("Exp", {"p"}, {"after"}), onnx("Log", {"x"}, {"before"})},
                        {"after"});
  const Status status = sort_topologically(f);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "cycle");
  EXPECT_EQ(status.error().value, "n_q -> n_p -> n_q");
  EXPECT_EQ(ops_of(f).front(), "Neg");
}

TEST(Constants, ComeFromEveryValueAttribute) {
  const auto value = [](const char* key, Attr attr) {
    return constant_value(onnx("Constant", {}, {"c"}, {{key, std::move(attr)}}));
  };
  EXPECT_TRUE(value("value_int", int64_t{5})->same_bytes(Tensor::scalar<int64_t>(5)));
  EXPECT_TRUE(value("value_float", 0.25)->same_bytes(Tensor::scalar(0.25f)));
  EXPECT_TRUE(value("value_ints", std::vector<int64_t>{1, 2})->same_bytes(ints({1, 2})));
  EXPECT_EQ(value("value_floats", std::vector<double>{1, 2})->shape(), Shape{2});
  EXPECT_TRUE(value("value", ints({9}))->same_bytes(ints({9})));
  EXPECT_FALSE(value("value_string", "x"));
  EXPECT_FALSE(constant_value(onnx("Add", {}, {})));
}

TEST(Text, ShowsOneNodePerLine) {
  Node write = node(domain::kState, "Write", {"y"}, {"done"},
                    {{"slot", ""}, {"cell", "m"}, {"after", int64_t{0}}});
  write.meta["bb.on"] = "server";
  write.meta["bb.loc"] = "round.py:12";
  Function f =
      function(domain::kTarget, "server", {{"x", "float32[N,2]"}},
               {constant("k", ints({1, -1})), constant("big", Tensor::zeros(DType::kF32, {3, 3})),
                onnx("Gemm", {"x", "big", ""}, {"y"}, {{"alpha", 0.5}, {"beta", 2.0}}), write,
                onnx("Strange", {"a b"}, {"_"}, {{"l", std::vector<double>{1, 0.1}}})},
               {"y"});
  f.types["y"] = Type::parse("float32[N,3]").value();
  EXPECT_EQ(text(f),
            "target::server(x: float32[N,2]) -> (y: float32[N,3]) {\n"
            "  k = Constant() value=int64[2]{1, -1}\n"
            "  big = Constant() value=float32[3,3]{sha256 6db65fd59fd3}\n"
            "  y: float32[N,3] = Gemm(x, big, _) alpha=0.5 beta=2.0\n"
            "  done = state::Write(y) after=0 cell=\"m\" slot=\"\"  # bb.loc=round.py:12 "
            "bb.on=server\n"
            "  \"_\" = Strange(\"a b\") l=[1.0, 0.1]\n"
            "}\n");
}

TEST(Text, EscapesWhatIsNotPrintable) {
  Model model;
  model.meta["bb.stage"] = std::string("a\n\"\\\xff", 5);
  EXPECT_EQ(text(model), "bb.stage = \"a\\x0a\\\"\\\\\\xff\"\n");
}

}  // namespace
}  // namespace bb::ir::testing
