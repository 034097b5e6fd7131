// Type rules of operators on shapes and indices, by hand-derived tables.
#include <gtest/gtest.h>

#include <limits>

#include "ir/ir_builder.h"

namespace bb::ir::testing {
namespace {

using List = std::vector<int64_t>;
constexpr const char* kMismatch = "error: type_mismatch";
constexpr const char* kUndecidable = "error: undecidable_type";
constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();

TEST(ReshapeRule, ZeroMinusOneAndSymbols) {
  struct Case {
    const char* from;
    List shape;
    const char* want;
  };
  const Case cases[] = {
      {"float32[4810]", {64, -1}, kMismatch},
      {"float32[4810]", {10, 481}, "float32[10,481]"},
      {"float32[4810]", {-1, 481}, "float32[10,481]"},
      {"float32[N,64]", {0, 8, 8}, "float32[N,8,8]"},
      {"float32[N,8,8]", {-1, 64}, "float32[N,64]"},
      {"float32[N,8,8]", {0, -1}, "float32[N,64]"},
      {"float32[N,4]", {-1}, "float32[N*4]"},
      {"float32[N*4]", {-1, 4}, "float32[N,4]"},
      {"float32[N,4]", {-1, 3}, kMismatch},
      {"float32[6]", {-1, -1}, kMismatch},
      {"float32[6]", {-2, 3}, kMismatch},
      {"float32[6]", {6, 0}, kMismatch},
      {"float32[6]", {2, 2}, kMismatch},
      {"float32[N]", {32}, kMismatch},
      {"float32[1]", {}, "float32[]"},
      {"float32[0,3]", {3, -1}, "float32[3,0]"},
      {"bool[2,3]", {3, 2}, "bool[3,2]"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(inferred("Reshape", {c.from, c.shape}), c.want)
        << c.from << " to " << ints(c.shape).text();
  EXPECT_EQ(inferred("Reshape", {"float32[0,3]", List{0, 7}}, {{"allowzero", int64_t{1}}}),
            "float32[0,7]");
  EXPECT_EQ(inferred("Reshape", {"float32[6]", "int64[2]"}), kUndecidable);
}

TEST(ShapeFlow, ReshapeExpandAndFillFollowShapeOfAnotherValue) {
  const auto typed = [](std::vector<Node> nodes, const char* a, const char* b) {
    Function f = function(domain::kRegion, "f", {{"a", a}, {"b", b}}, std::move(nodes), {"y"});
    const Status status = infer_types(f, Model{});
    return status.ok() ? f.types.at("y").text() : "error: " + status.error().code;
  };
  EXPECT_EQ(typed({onnx("Shape", {"a"}, {"s"}), onnx("Reshape", {"b", "s"}, {"y"})}, "float32[N,4]",
                  "float32[N*4]"),
            "float32[N,4]");
  EXPECT_EQ(typed({onnx("Shape", {"a"}, {"s"}), onnx("Expand", {"b", "s"}, {"y"})}, "float32[N,4]",
                  "float32[]"),
            "float32[N,4]");
  EXPECT_EQ(typed({onnx("Shape", {"a"}, {"s"}), onnx("ConstantOfShape", {"s"}, {"y"})},
                  "float32[N,4]", "float32[]"),
            "float32[N,4]");
  EXPECT_EQ(typed({onnx("Shape", {"a"}, {"s"}), constant("i", ints({0})),
                   onnx("Gather", {"s", "i"}, {"n"}), constant("k", ints({2, 2})),
                   onnx("Concat", {"n", "k"}, {"t"}, {{"axis", int64_t{0}}}),
                   onnx("Reshape", {"b", "t"}, {"y"})},
                  "int64[N]", "float32[N,4]"),
            "float32[N,2,2]");
  EXPECT_EQ(typed({onnx("Shape", {"a"}, {"s"}, {{"start", int64_t{-1}}}),
                   onnx("ConstantOfShape", {"s"}, {"y"})},
                  "float32[N,4]", "float32[]"),
            "float32[4]");
  EXPECT_EQ(typed({onnx("Shape", {"a"}, {"s"}), constant("from", ints({0})),
                   constant("to", ints({1})), onnx("Slice", {"s", "from", "to"}, {"n"}),
                   constant("zero", Tensor::scalar<int64_t>(0)),
                   constant("one", Tensor::scalar<int64_t>(1)), onnx("Squeeze", {"n"}, {"limit"}),
                   onnx("Range", {"zero", "limit", "one"}, {"y"})},
                  "float32[N,4]", "float32[]"),
            "int64[N]");
  EXPECT_EQ(typed({onnx("Identity", {"a"}, {"s"}), onnx("ConstantOfShape", {"s"}, {"y"})},
                  "int64[2]", "float32[]"),
            kUndecidable);
}

TEST(FlattenRule, MultipliesSymbols) {
  EXPECT_EQ(inferred("Flatten", {"float32[N,8,8]"}), "float32[N,64]");
  EXPECT_EQ(inferred("Flatten", {"float32[N,8,8]"}, {{"axis", int64_t{2}}}), "float32[N*8,8]");
  EXPECT_EQ(inferred("Flatten", {"float32[N,8]"}, {{"axis", int64_t{0}}}), "float32[1,N*8]");
  EXPECT_EQ(inferred("Flatten", {"float32[N,8]"}, {{"axis", int64_t{-1}}}), "float32[N,8]");
  EXPECT_EQ(inferred("Flatten", {"float32[N,8]"}, {{"axis", int64_t{3}}}), kMismatch);
}

TEST(TransposeRule, PermutesOrReverses) {
  EXPECT_EQ(inferred("Transpose", {"float32[N,3,4]"}), "float32[4,3,N]");
  EXPECT_EQ(inferred("Transpose", {"float32[N,3,4]"}, {{"perm", List{1, 0, 2}}}), "float32[3,N,4]");
  EXPECT_EQ(inferred("Transpose", {"float32[N,3]"}, {{"perm", List{0, 0}}}), kMismatch);
  EXPECT_EQ(inferred("Transpose", {"float32[N,3]"}, {{"perm", List{0}}}), kMismatch);
  EXPECT_EQ(inferred("Transpose", {"float32[N,3]"}, {{"perm", List{0, 2}}}), kMismatch);
}

TEST(ExpandRule, BroadcastsBothWays) {
  EXPECT_EQ(inferred("Expand", {"float32[3,1]", List{2, 1, 6}}), "float32[2,3,6]");
  EXPECT_EQ(inferred("Expand", {"float32[3,1]", List{1}}), "float32[3,1]");
  EXPECT_EQ(inferred("Expand", {"float32[3]", List{4}}), kMismatch);
  EXPECT_EQ(inferred("Expand", {"float32[1]", List{-1}}), kMismatch);
}

TEST(SqueezeRules, InsertAndDropAxes) {
  EXPECT_EQ(inferred("Unsqueeze", {"float32[N]", List{0, -1}}), "float32[1,N,1]");
  EXPECT_EQ(inferred("Unsqueeze", {"float32[]", List{0}}), "float32[1]");
  EXPECT_EQ(inferred("Unsqueeze", {"float32[N]", List{3}}), kMismatch);
  EXPECT_EQ(inferred("Unsqueeze", {"float32[N]", List{0, 0}}), kMismatch);
  EXPECT_EQ(inferred("Squeeze", {"float32[1,N,1]", List{0}}), "float32[N,1]");
  EXPECT_EQ(inferred("Squeeze", {"float32[1,3,1]"}), "float32[3]");
  EXPECT_EQ(inferred("Squeeze", {"float32[1,N]"}), kUndecidable);
  EXPECT_EQ(inferred("Squeeze", {"float32[2,3]", List{0}}), kMismatch);
  EXPECT_EQ(inferred("Squeeze", {"float32[N,3]", List{0}}), kMismatch);
}

TEST(ConcatRule, AddsSymbols) {
  const Attrs first = {{"axis", int64_t{0}}};
  EXPECT_EQ(inferred("Concat", {"float32[2,3]", "float32[4,3]"}, first), "float32[6,3]");
  EXPECT_EQ(inferred("Concat", {"float32[N,3]", "float32[2,3]", "float32[N,3]"}, first),
            "float32[N*2+2,3]");
  EXPECT_EQ(inferred("Concat", {"float32[2,3]", "float32[2,4]"}, {{"axis", int64_t{-1}}}),
            "float32[2,7]");
  EXPECT_EQ(inferred("Concat", {"float32[2,3]", "float32[2,4]"}, first), kMismatch);
  EXPECT_EQ(inferred("Concat", {"float32[2]", "int64[2]"}, first), kMismatch);
  EXPECT_EQ(inferred("Concat", {"float32[2]", "float32[2,2]"}, first), kMismatch);
  EXPECT_EQ(inferred("Concat", {"float32[]", "float32[]"}, first), kMismatch);
}

TEST(SliceRule, ClampsLikeNumPy) {
  struct Case {
    List starts, ends, axes, steps;
    const char* want;
  };
  const Case cases[] = {
      {{640}, {4810}, {0}, {1}, "float32[4170]"},
      {{0}, {640}, {0}, {1}, "float32[640]"},
      {{-10}, {kEnd}, {0}, {1}, "float32[10]"},
      {{5}, {2}, {0}, {1}, "float32[0]"},
      {{0}, {7}, {0}, {3}, "float32[3]"},
      {{-1}, {-kEnd - 1}, {0}, {-1}, "float32[4810]"},
      {{10}, {0}, {0}, {-3}, "float32[4]"},
      {{kEnd}, {-kEnd}, {-1}, {-kEnd - 1}, "float32[1]"},
      {{9000}, {9001}, {0}, {1}, "float32[0]"},
      {{0}, {1}, {1}, {1}, kMismatch},
      {{0}, {1}, {0}, {0}, kMismatch},
      {{0, 0}, {1}, {0}, {1}, kMismatch},
  };
  for (const Case& c : cases)
    EXPECT_EQ(inferred("Slice", {"float32[4810]", c.starts, c.ends, c.axes, c.steps}), c.want)
        << c.starts[0] << ":" << c.ends[0] << ":" << c.steps[0];
  EXPECT_EQ(inferred("Slice", {"float32[6,5]", List{1, 1}, List{3, 4}}), "float32[2,3]");
  EXPECT_EQ(inferred("Slice", {"float32[6,5]", List{1}, List{3}, "", List{2}}), "float32[1,5]");
  EXPECT_EQ(inferred("Slice", {"float32[6,5]", List{0, 0}, List{1, 1}, List{0, -2}}), kMismatch);
}

TEST(SliceRule, KeepsOrDerivesSymbols) {
  EXPECT_EQ(inferred("Slice", {"float32[N,5]", List{0}, List{kEnd}, List{0}}), "float32[N,5]");
  EXPECT_EQ(inferred("Slice", {"float32[N,5]", List{-1}, List{-kEnd}, List{0}, List{-1}}),
            "float32[N,5]");
  EXPECT_EQ(inferred("Slice", {"float32[N,5]", List{1}, List{4}, List{1}}), "float32[N,3]");
  EXPECT_EQ(inferred("Slice", {"float32[N,5]", List{0}, List{2}, List{0}}),
            "float32[slice:0:2:1(N),5]");
}

TEST(GatherRule, ReplacesTheAxisByTheIndexShape) {
  EXPECT_EQ(inferred("Gather", {"float32[10,4]", "int64[N,2]"}), "float32[N,2,4]");
  EXPECT_EQ(inferred("Gather", {"float32[10,4]", "int32[]"}, {{"axis", int64_t{1}}}),
            "float32[10]");
  EXPECT_EQ(inferred("Gather", {"float32[3]", List{-3, 2}}), "float32[2]");
  EXPECT_EQ(inferred("Gather", {"float32[3]", List{3}}), kMismatch);
  EXPECT_EQ(inferred("Gather", {"float32[3]", "float32[1]"}), kMismatch);
  EXPECT_EQ(inferred("Gather", {"float32[]", "int64[]"}), kMismatch);
}

TEST(ScatterRules, CheckShapes) {
  const Attrs add = {{"reduction", "add"}};
  EXPECT_EQ(inferred("ScatterElements", {"float32[5,3]", "int64[2,3]", "float32[2,3]"}, add),
            "float32[5,3]");
  EXPECT_EQ(inferred("ScatterElements", {"float32[5,3]", "int64[2,3]", "float32[3,2]"}), kMismatch);
  EXPECT_EQ(inferred("ScatterElements", {"float32[5]", "int64[2]", "float64[2]"}), kMismatch);
  EXPECT_EQ(inferred("ScatterElements", {"float32[5]", "int64[2]", "float32[2]"},
                     {{"reduction", "mean"}}),
            "error: bad_attribute");
  EXPECT_EQ(inferred("ScatterND", {"float32[8,4]", "int64[N,1]", "float32[N,4]"}, add),
            "float32[8,4]");
  EXPECT_EQ(inferred("ScatterND", {"float32[8,4]", "int64[N,2]", "float32[N]"}), "float32[8,4]");
  EXPECT_EQ(inferred("ScatterND", {"float32[8,4]", "int64[N,1]", "float32[N,3]"}), kMismatch);
  EXPECT_EQ(inferred("ScatterND", {"float32[8]", "int64[N,2]", "float32[N]"}), kMismatch);
  EXPECT_EQ(inferred("ScatterND", {"float32[8]", "int64[N,K]", "float32[N]"}), kUndecidable);
}

TEST(OneHotRule, PlacesTheDepth) {
  EXPECT_EQ(inferred("OneHot", {"int64[N]", Tensor::scalar<int64_t>(10), "float32[2]"}),
            "float32[N,10]");
  EXPECT_EQ(inferred("OneHot", {"int64[N]", List{10}, "int32[2]"}, {{"axis", int64_t{0}}}),
            "int32[10,N]");
  EXPECT_EQ(inferred("OneHot", {"int64[N]", "int64[]", "float32[2]"}), kUndecidable);
  EXPECT_EQ(inferred("OneHot", {"int64[N]", List{0}, "float32[2]"}), kMismatch);
  EXPECT_EQ(inferred("OneHot", {"int64[N]", List{3}, "float32[3]"}), kMismatch);
}

TEST(RangeRule, CountsElements) {
  const auto count = [](auto start, auto limit, auto delta) {
    return inferred("Range", {Tensor::scalar(start), Tensor::scalar(limit), Tensor::scalar(delta)});
  };
  EXPECT_EQ(count(int64_t{3}, int64_t{9}, int64_t{3}), "int64[2]");
  EXPECT_EQ(count(int64_t{10}, int64_t{4}, int64_t{-2}), "int64[3]");
  EXPECT_EQ(count(int64_t{0}, int64_t{0}, int64_t{1}), "int64[0]");
  EXPECT_EQ(count(5, 0, 1), "int32[0]");
  EXPECT_EQ(count(0.0f, 1.0f, 0.3f), "float32[4]");
  EXPECT_EQ(count(int64_t{0}, int64_t{5}, int64_t{0}), kMismatch);
  EXPECT_EQ(count(int64_t{0}, kEnd, int64_t{1}), kMismatch);
  EXPECT_EQ(inferred("Range", {"int64[]", "int64[]", "int64[]"}), kUndecidable);
}

TEST(ConstantRules, ReadEveryForm) {
  EXPECT_EQ(inferred("Constant", {}, {{"value", ints({1, 2, 3})}}), "int64[3]");
  EXPECT_EQ(inferred("Constant", {}, {{"value_float", 0.5}}), "float32[]");
  EXPECT_EQ(inferred("Constant", {}, {{"value_int", int64_t{4}}}), "int64[]");
  EXPECT_EQ(inferred("Constant", {}, {{"value_ints", List{4, 5}}}), "int64[2]");
  EXPECT_EQ(inferred("Constant", {}, {{"value_floats", std::vector<double>{1}}}), "float32[1]");
  EXPECT_EQ(inferred("Constant", {}), "error: bad_attribute");
  EXPECT_EQ(inferred("Constant", {}, {{"value_int", int64_t{4}}, {"value_float", 1.0}}),
            "error: bad_attribute");
  EXPECT_EQ(inferred("ConstantOfShape", {List{2, 3}}), "float32[2,3]");
  EXPECT_EQ(inferred("ConstantOfShape", {List{2}}, {{"value", ints({7})}}), "int64[2]");
  EXPECT_EQ(inferred("ConstantOfShape", {List{2}}, {{"value", ints({7, 8})}}),
            "error: bad_attribute");
  EXPECT_EQ(inferred("Shape", {"float32[N,3,4]"}), "int64[3]");
  EXPECT_EQ(inferred("Shape", {"float32[N,3,4]"}, {{"start", int64_t{1}}, {"end", int64_t{-1}}}),
            "int64[1]");
  EXPECT_EQ(inferred("Size", {"float32[N,3]"}), "int64[]");
}

}  // namespace
}  // namespace bb::ir::testing
