// Type rules of elementwise operators, products, reductions and the loss, by hand-derived tables.
#include <gtest/gtest.h>

#include "ir/ir_builder.h"

namespace bb::ir::testing {
namespace {

constexpr const char* kMismatch = "error: type_mismatch";

TEST(UnaryRules, KeepTypeAndRejectOtherDtypes) {
  for (const char* op : {"Exp", "Log", "Sqrt", "Tanh", "Sigmoid", "Reciprocal"}) {
    EXPECT_EQ(inferred(op, {"float32[N,3]"}), "float32[N,3]") << op;
    EXPECT_EQ(inferred(op, {"float64[]"}), "float64[]") << op;
    EXPECT_EQ(inferred(op, {"int64[2]"}), kMismatch) << op;
  }
  for (const char* op : {"Neg", "Relu"}) {
    EXPECT_EQ(inferred(op, {"int32[2]"}), "int32[2]") << op;
    EXPECT_EQ(inferred(op, {"uint8[2]"}), kMismatch) << op;
  }
  for (const char* op : {"Abs", "Sign"}) {
    EXPECT_EQ(inferred(op, {"uint8[2]"}), "uint8[2]") << op;
    EXPECT_EQ(inferred(op, {"bool[2]"}), kMismatch) << op;
  }
  EXPECT_EQ(inferred("Not", {"bool[N]"}), "bool[N]");
  EXPECT_EQ(inferred("Not", {"int64[N]"}), kMismatch);
  EXPECT_EQ(inferred("Identity", {"bool[N]"}), "bool[N]");
  EXPECT_EQ(inferred("Identity", {"peers"}), kMismatch);
}

TEST(BroadcastRules, FollowNumPyOnNumbersAndSymbols) {
  struct Case {
    const char *a, *b, *want;
  };
  const Case cases[] = {
      {"float32[2,3]", "float32[2,3]", "float32[2,3]"},
      {"float32[2,3]", "float32[3]", "float32[2,3]"},
      {"float32[3]", "float32[2,1]", "float32[2,3]"},
      {"float32[]", "float32[N,64]", "float32[N,64]"},
      {"float32[N,64]", "float32[N,64]", "float32[N,64]"},
      {"float32[N,64]", "float32[N,1]", "float32[N,64]"},
      {"float32[1,64]", "float32[N,1]", "float32[N,64]"},
      {"float32[N]", "float32[M]", kMismatch},
      {"float32[N]", "float32[32]", kMismatch},
      {"float32[2]", "float32[3]", kMismatch},
      {"float32[2]", "float64[2]", kMismatch},
      {"float32[0]", "float32[1]", "float32[0]"},
      {"bool[2]", "bool[2]", kMismatch},
  };
  for (const Case& c : cases)
    for (const char* op : {"Add", "Sub", "Mul", "Div"})
      EXPECT_EQ(inferred(op, {c.a, c.b}), c.want) << op << " " << c.a << " " << c.b;
}

TEST(BroadcastRules, VariadicPowerAndLogic) {
  EXPECT_EQ(inferred("Max", {"float32[N,1]", "float32[3]", "float32[]"}), "float32[N,3]");
  EXPECT_EQ(inferred("Min", {"uint8[2]"}), "uint8[2]");
  EXPECT_EQ(inferred("Sum", {"float32[2]", "float32[2,1]", "float32[1]"}), "float32[2,2]");
  EXPECT_EQ(inferred("Sum", {"int64[2]", "int64[2]"}), kMismatch);
  EXPECT_EQ(inferred("Pow", {"float32[N]", "int64[]"}), "float32[N]");
  EXPECT_EQ(inferred("Pow", {"uint8[2]", "uint8[2]"}), kMismatch);
  EXPECT_EQ(inferred("And", {"bool[N]", "bool[1]"}), "bool[N]");
  EXPECT_EQ(inferred("Or", {"bool[2]", "float32[2]"}), kMismatch);
}

TEST(CompareRules, GiveBool) {
  EXPECT_EQ(inferred("Equal", {"int64[N]", "int64[]"}), "bool[N]");
  EXPECT_EQ(inferred("Equal", {"bool[2]", "bool[2]"}), "bool[2]");
  for (const char* op : {"Greater", "Less", "GreaterOrEqual", "LessOrEqual"}) {
    EXPECT_EQ(inferred(op, {"float32[N,1]", "float32[4]"}), "bool[N,4]") << op;
    EXPECT_EQ(inferred(op, {"bool[2]", "bool[2]"}), kMismatch) << op;
  }
}

TEST(SelectRules, WhereAndCast) {
  EXPECT_EQ(inferred("Where", {"bool[N,1]", "float32[]", "float32[3]"}), "float32[N,3]");
  EXPECT_EQ(inferred("Where", {"int64[2]", "float32[2]", "float32[2]"}), kMismatch);
  EXPECT_EQ(inferred("Where", {"bool[2]", "float32[2]", "float64[2]"}), kMismatch);
  EXPECT_EQ(inferred("Where", {"bool[3]", "float32[2]", "float32[2]"}), kMismatch);
  EXPECT_EQ(inferred("Cast", {"bool[N]"}, {{"to", int64_t{1}}}), "float32[N]");
  EXPECT_EQ(inferred("Cast", {"float32[]"}, {{"to", int64_t{7}}}), "int64[]");
  EXPECT_EQ(inferred("Cast", {"float32[]"}, {{"to", int64_t{10}}}), "error: bad_attribute");
  EXPECT_EQ(inferred("Cast", {"float32[]"}), "error: missing_attribute");
}

TEST(MatMulRule, FollowsNumPy) {
  struct Case {
    const char *a, *b, *want;
  };
  const Case cases[] = {
      {"float32[N,64]", "float32[64,10]", "float32[N,10]"},
      {"float32[64]", "float32[64]", "float32[]"},
      {"float32[N,64]", "float32[64]", "float32[N]"},
      {"float32[64]", "float32[64,10]", "float32[10]"},
      {"float32[5,1,2,3]", "float32[4,3,7]", "float32[5,4,2,7]"},
      {"float32[B,2,3]", "float32[3,7]", "float32[B,2,7]"},
      {"float32[2,K]", "float32[K,3]", "float32[2,3]"},
      {"float32[2,K]", "float32[4,3]", kMismatch},
      {"float32[2,3]", "float32[4,5]", kMismatch},
      {"float32[]", "float32[4]", kMismatch},
      {"float32[2,2]", "float64[2,2]", kMismatch},
      {"uint8[2,2]", "uint8[2,2]", kMismatch},
      {"float32[2,1,3]", "float32[3,3,1]", kMismatch},
  };
  for (const Case& c : cases)
    EXPECT_EQ(inferred("MatMul", {c.a, c.b}), c.want) << c.a << " " << c.b;
}

TEST(GemmRule, TransposesAndBroadcastsC) {
  const Attrs both = {{"transA", int64_t{1}}, {"transB", int64_t{1}}};
  EXPECT_EQ(inferred("Gemm", {"float32[N,3]", "float32[3,4]", "float32[4]"}), "float32[N,4]");
  EXPECT_EQ(inferred("Gemm", {"float32[3,N]", "float32[4,3]"}, both), "float32[N,4]");
  EXPECT_EQ(inferred("Gemm", {"float32[2,3]", "float32[3,4]", "float32[]"}), "float32[2,4]");
  EXPECT_EQ(inferred("Gemm", {"float32[2,3]", "float32[3,4]", "float32[3]"}), kMismatch);
  EXPECT_EQ(inferred("Gemm", {"float32[1,3]", "float32[3,4]", "float32[2,4]"}), kMismatch);
  EXPECT_EQ(inferred("Gemm", {"float32[2,3]", "float32[4,3]"}), kMismatch);
  EXPECT_EQ(inferred("Gemm", {"float32[2,2,3]", "float32[3,4]"}), kMismatch);
}

TEST(ReduceRules, AxesAndKeepdims) {
  const Attrs drop = {{"keepdims", int64_t{0}}};
  for (const char* op : {"ReduceSum", "ReduceMean", "ReduceMax"}) {
    EXPECT_EQ(inferred(op, {"float32[N,3]"}), "float32[1,1]") << op;
    EXPECT_EQ(inferred(op, {"float32[N,3]"}, drop), "float32[]") << op;
    EXPECT_EQ(inferred(op, {"float32[N,3]", std::vector<int64_t>{0}}, drop), "float32[3]") << op;
    EXPECT_EQ(inferred(op, {"float32[N,3]", std::vector<int64_t>{-1}}), "float32[N,1]") << op;
    EXPECT_EQ(inferred(op, {"float32[N,3]", std::vector<int64_t>{0, -2}}), kMismatch) << op;
    EXPECT_EQ(inferred(op, {"float32[N,3]", std::vector<int64_t>{2}}), kMismatch) << op;
    EXPECT_EQ(inferred(op, {"float32[N,3]", "int64[1]"}), "error: undecidable_type") << op;
    EXPECT_EQ(inferred(op, {"float32[2]", std::vector<int64_t>{}},
                       {{"noop_with_empty_axes", int64_t{1}}}),
              "float32[2]")
        << op;
  }
  EXPECT_EQ(inferred("ReduceMax", {"uint8[2,3]"}, drop), "uint8[]");
  EXPECT_EQ(inferred("ReduceSum", {"uint8[2,3]"}, drop), kMismatch);
}

TEST(SoftmaxRules, CheckTheAxis) {
  for (const char* op : {"Softmax", "LogSoftmax"}) {
    EXPECT_EQ(inferred(op, {"float32[N,10]"}), "float32[N,10]") << op;
    EXPECT_EQ(inferred(op, {"float32[N,10]"}, {{"axis", int64_t{2}}}), kMismatch) << op;
    EXPECT_EQ(inferred(op, {"float32[]"}), kMismatch) << op;
    EXPECT_EQ(inferred(op, {"int64[2]"}), kMismatch) << op;
  }
  EXPECT_EQ(inferred("ArgMax", {"float32[N,10]"}, {{"axis", int64_t{-1}}}), "int64[N,1]");
  EXPECT_EQ(inferred("ArgMax", {"float32[N,10]"}, {{"axis", int64_t{1}}, {"keepdims", int64_t{0}}}),
            "int64[N]");
}

TEST(CrossEntropyRule, ChecksLabelsAndReduction) {
  const std::string op = "SoftmaxCrossEntropyLoss";
  EXPECT_EQ(inferred(op, {"float32[N,10]", "int64[N]"}), "float32[]");
  EXPECT_EQ(inferred(op, {"float64[N,10]", "int32[N]"}, {}, 2), "float64[] float64[N,10]");
  EXPECT_EQ(inferred(op, {"float32[N,10]", "int64[N]"}, {{"reduction", "none"}}), "float32[N]");
  EXPECT_EQ(inferred(op, {"float32[N,10,7]", "int64[N,7]"}, {{"reduction", "none"}}),
            "float32[N,7]");
  EXPECT_EQ(inferred(op, {"float32[N,10]", "int64[N]", "float32[10]"}), "float32[]");
  EXPECT_EQ(inferred(op, {"float32[N,10]", "int64[N]", "float32[9]"}), kMismatch);
  EXPECT_EQ(inferred(op, {"float32[N,10]", "int64[M]"}), kMismatch);
  EXPECT_EQ(inferred(op, {"float32[N,10]", "float32[N]"}), kMismatch);
  EXPECT_EQ(inferred(op, {"float32[N]", "int64[N]"}), kMismatch);
  EXPECT_EQ(inferred(op, {"float32[N,10]", "int64[N]"}, {{"reduction", "avg"}}),
            "error: bad_attribute");
}

}  // namespace
}  // namespace bb::ir::testing
