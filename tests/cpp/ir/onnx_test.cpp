// ONNX bytes: round trips, determinism, and typed errors for bytes that are wrong in every way.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ir/ir_builder.h"

namespace bb::ir::testing {
namespace {

/// A protobuf message written field by field, independent of the code under test.
class Message {
 public:
  Message& number(uint32_t field, uint64_t value) {
    varint(field << 3);
    varint(value);
    return *this;
  }
  Message& bytes(uint32_t field, std::string_view value) {
    varint(field << 3 | 2);
    varint(value.size());
    out_ += value;
    return *this;
  }
  Message& message(uint32_t field, const Message& value) { return bytes(field, value.out_); }
  const std::string& text() const { return out_; }

 private:
  void varint(uint64_t value) {
    for (; value >= 128; value >>= 7) out_ += static_cast<char>(value | 128);
    out_ += static_cast<char>(value);
  }
  std::string out_;
};

Message header() { return Message().number(1, 10); }
std::string with_function(const Message& function) {
  return header().message(25, Message(function).bytes(1, "f").bytes(10, domain::kModule)).text();
}
std::string with_node(const Message& node) {
  return with_function(Message().message(7, Message(node).bytes(4, "Relu")));
}
std::string with_attribute(const Message& attribute) {
  return with_node(Message().message(5, Message(attribute).bytes(1, "value")));
}
constexpr uint64_t kTensorAttribute = 4, kGraphAttribute = 5;
std::string with_tensor(const Message& tensor) {
  return with_attribute(Message().number(20, kTensorAttribute).message(5, tensor));
}
std::string with_type(const Message& type) {
  return with_function(Message().message(12, Message().bytes(1, "x").message(2, type)));
}
Message tensor(std::vector<int64_t> dims, uint64_t dtype) {
  Message out;
  for (const int64_t dim : dims) out.number(1, static_cast<uint64_t>(dim));
  return out.number(2, dtype);
}
std::string code_of(std::string_view bytes) {
  const Result<Model> model = from_onnx(bytes);
  return model.ok() ? "ok" : model.error().code;
}
Tensor tensor_in(std::string_view bytes) {
  return std::get<Tensor>(*from_onnx(bytes).value().functions[0].nodes[0].attr("value"));
}

Model rich_model() {
  Node all = node(domain::kState, "Odd", {"x", "", "k"}, {"y", ""},
                  {{"i", int64_t{-5}},
                   {"f", 0.1},
                   {"s", std::string("raw \xff\0 bytes", 12)},
                   {"is", std::vector<int64_t>{1, INT64_MIN}},
                   {"fs", std::vector<double>{0.1, std::numeric_limits<double>::infinity()}},
                   {"ss", Names{"", "b"}},
                   {"empty", std::vector<int64_t>{}}});
  all.meta = {{"bb.on", "server"}, {"bb.loc", "a.py:1"}};
  std::vector<Node> nodes = {constant("k", ints({1, 2})),
                             all,
                             onnx("Constant", {}, {"c"}, {{"value_float", 0.5}}),
                             constant("u", Tensor::zeros(DType::kU8, {2, 0, 3})),
                             constant("b", Tensor::zeros(DType::kBool, {3})),
                             constant("d", Tensor::scalar(0.1))};
  Function f =
      function(domain::kModule, "f",
               {{"x", "float32[N,?,3]"}, {"who", "peers"}, {"r", "float64[*]"}}, nodes, {"y"});
  for (const char* kind : {"trigger", "peer", "arrived", "decisions", "bytes"})
    f.types[std::string("v_") + kind] = Type::parse(kind).value();
  f.meta["bb.inputs"] = "{}";
  Model model;
  model.functions = {f, function(domain::kRegion, "g", {}, {}, {})};
  model.meta = {{"bb.stage", "recorded"}, {"bb.entry", "f"}};
  return model;
}

TEST(RoundTrip, KeepsEverything) {
  const std::string bytes = to_onnx(rich_model());
  const Result<Model> again = from_onnx(bytes);
  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_EQ(to_onnx(*again), bytes);
  const Model model = rich_model();
  EXPECT_EQ(again->meta, model.meta);
  ASSERT_EQ(again->functions.size(), 2u);
  const Function& f = again->functions[0];
  EXPECT_EQ(f.types, model.functions[0].types);
  EXPECT_EQ(f.inputs, model.functions[0].inputs);
  EXPECT_EQ(f.meta, model.functions[0].meta);
  const Node& odd = f.nodes[1];
  EXPECT_EQ(odd.inputs, (Names{"x", "", "k"}));
  EXPECT_EQ(odd.meta, model.functions[0].nodes[1].meta);
  EXPECT_EQ(odd.int_attr("i", 0), -5);
  EXPECT_EQ(odd.float_attr("f", 0), static_cast<double>(0.1f));
  EXPECT_EQ(odd.string_attr("s"), std::string("raw \xff\0 bytes", 12));
  EXPECT_EQ(odd.ints_attr("is"), (std::vector<int64_t>{1, INT64_MIN}));
  EXPECT_TRUE(std::holds_alternative<std::vector<int64_t>>(*odd.attr("empty")));
  EXPECT_TRUE(std::get<Tensor>(*f.nodes[2].attr("value")).same_bytes(Tensor::scalar(0.5f)));
}

TEST(RoundTrip, NanAttributesAreStable) {
  Model model;
  model.functions.push_back(function(domain::kModule, "f", {},
                                     {node(domain::kFlow, "X", {}, {"y"}, {{"f", std::nan("7")}})},
                                     {"y"}));
  const std::string bytes = to_onnx(model);
  EXPECT_EQ(to_onnx(from_onnx(bytes).value()), bytes);
}

TEST(Reading, EmptyModelsAndForeignBytes) {
  EXPECT_EQ(code_of(""), "not_onnx");
  EXPECT_EQ(code_of("hello, this is no model"), "not_onnx");
  EXPECT_EQ(code_of(std::string(64, '\0')), "not_onnx");
  EXPECT_EQ(code_of(std::string(64, '\xff')), "not_onnx");
  EXPECT_EQ(code_of(Message().bytes(2, "producer").text()), "not_onnx");
  EXPECT_EQ(code_of(header().text()), "ok");
}

TEST(Reading, MoreThanProtobufCanHoldIsRefusedUnread) {
  const std::string_view huge("x", size_t{1} << 31);  // never read: the size alone decides
  EXPECT_EQ(code_of(huge), "too_large");
}

TEST(Reading, EveryTruncationIsAnErrorOrAShorterModel) {
  const std::string bytes = to_onnx(rich_model());
  size_t truncated = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string code = code_of(std::string_view(bytes).substr(0, size));
    EXPECT_TRUE(code == "ok" || code == "truncated" || code == "not_onnx") << size << code;
    truncated += code == "truncated";
  }
  EXPECT_GT(truncated, bytes.size() * 9 / 10);
}

TEST(Reading, Versions) {
  const auto opset = [](const char* in_domain, uint64_t version) {
    return header().message(8, Message().bytes(1, in_domain).number(2, version)).text();
  };
  EXPECT_EQ(code_of(Message().number(1, 9).text()), "bad_ir_version");
  EXPECT_EQ(code_of(opset("", 18)), "ok");
  EXPECT_EQ(code_of(opset("ai.onnx", 18)), "ok");
  EXPECT_EQ(code_of(opset("", 21)), "bad_opset");
  EXPECT_EQ(code_of(opset("ai.bytesandbrains.flow", 2)), "bad_opset");
}

TEST(Reading, GraphsOutsideFunctionsAreRefused) {
  const Message graph = Message().message(1, Message().bytes(4, "Relu"));
  EXPECT_EQ(code_of(header().message(7, graph).text()), "unsupported_graph");
  EXPECT_EQ(code_of(header().message(20, Message()).text()), "unsupported_graph");
}

TEST(Reading, NamesMustBeUtf8) {
  EXPECT_EQ(code_of(with_node(Message().bytes(3, "caf\xc3\xa9"))), "ok");
  for (const char* bad :
       {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"})
    EXPECT_EQ(code_of(with_node(Message().bytes(3, bad))), "bad_utf8");
  EXPECT_EQ(code_of(with_node(Message().bytes(1, "\xff"))), "bad_utf8");
  EXPECT_EQ(code_of(header().message(14, Message().bytes(1, "\xff").bytes(2, "v")).text()),
            "bad_utf8");
}

TEST(Reading, AttributesThatAreNotSupported) {
  EXPECT_EQ(code_of(with_attribute(Message().number(20, kGraphAttribute).message(6, Message()))),
            "unsupported_attribute");
  for (const uint64_t kind : {9, 10, 11, 12, 13, 14})
    EXPECT_EQ(code_of(with_attribute(Message().number(20, kind))), "unsupported_attribute") << kind;
  EXPECT_EQ(code_of(with_attribute(Message().number(20, 2).bytes(21, "outer"))),
            "unsupported_attribute");
  EXPECT_EQ(code_of(with_attribute(Message().number(3, 5))), "bad_attribute");
  const Message once = Message().bytes(1, "k").number(20, 2).number(3, 5);
  EXPECT_EQ(code_of(with_node(Message().message(5, once).message(5, once))), "bad_attribute");
  EXPECT_EQ(code_of(with_function(Message().bytes(6, "slot"))), "unsupported_attribute");
  EXPECT_EQ(code_of(with_node(Message().bytes(8, "v2"))), "unsupported_overload");
}

TEST(Reading, TensorsInBothForms) {
  const std::string raw("\1\0\0\0\xff\xff\xff\xff", 8);
  const Tensor want = Tensor::of<int32_t>({2}, std::vector<int32_t>{1, -1});
  EXPECT_TRUE(tensor_in(with_tensor(tensor({2}, 6).bytes(9, raw))).same_bytes(want));
  EXPECT_TRUE(
      tensor_in(with_tensor(tensor({2}, 6).number(5, 1).number(5, ~uint64_t{0}))).same_bytes(want));
  const std::string floats("\0\0\0\x3f", 4);  // 0.5
  EXPECT_TRUE(
      tensor_in(with_tensor(tensor({}, 1).bytes(4, floats))).same_bytes(Tensor::scalar(0.5f)));
  const std::string doubles("\0\0\0\0\0\0\xe0\x3f", 8);
  EXPECT_TRUE(
      tensor_in(with_tensor(tensor({}, 11).bytes(10, doubles))).same_bytes(Tensor::scalar(0.5)));
  EXPECT_TRUE(tensor_in(with_tensor(tensor({1}, 7).number(7, 9))).same_bytes(ints({9})));
  const Tensor flags = tensor_in(with_tensor(tensor({3}, 9).bytes(9, std::string("\0\7\1", 3))));
  EXPECT_EQ(flags.data<uint8_t>()[1], 1);
  EXPECT_EQ(tensor_in(with_tensor(tensor({2}, 2).number(5, 0).number(5, 255))).data<uint8_t>()[1],
            255);
  EXPECT_EQ(tensor_in(with_tensor(tensor({0, 5}, 1))).shape(), (Shape{0, 5}));
}

TEST(Reading, TensorsThatLie) {
  constexpr int64_t huge = int64_t{1} << 62;
  const std::string four(4, '\0');
  EXPECT_EQ(code_of(with_tensor(tensor({2}, 1).bytes(9, four))), "bad_tensor");
  EXPECT_EQ(code_of(with_tensor(tensor({1}, 1).bytes(9, four + four))), "bad_tensor");
  EXPECT_EQ(code_of(with_tensor(tensor({1}, 1))), "bad_tensor");
  EXPECT_EQ(code_of(with_tensor(tensor({1}, 1).number(7, 1))), "bad_tensor");
  EXPECT_EQ(code_of(with_tensor(tensor({-1}, 1).bytes(9, four))), "bad_tensor");
  EXPECT_EQ(code_of(with_tensor(tensor({huge, huge}, 1).bytes(9, four))), "bad_tensor");
  EXPECT_EQ(code_of(with_tensor(tensor({0, huge, huge}, 1))), "bad_tensor");
  EXPECT_EQ(code_of(with_tensor(tensor({1 << 29}, 1).bytes(9, four))), "bad_tensor");
  EXPECT_EQ(code_of(with_tensor(tensor(std::vector<int64_t>(65, 1), 1).bytes(9, four))),
            "bad_tensor");
  EXPECT_EQ(code_of(with_tensor(tensor({1}, 2).number(5, 256))), "bad_tensor");
  EXPECT_EQ(code_of(with_tensor(tensor({1}, 10).bytes(9, "ab"))), "unsupported_dtype");
  EXPECT_EQ(code_of(with_tensor(tensor({1}, 0).bytes(9, four))), "unsupported_dtype");
  EXPECT_EQ(code_of(with_tensor(tensor({1}, 1).number(14, 1))), "unsupported_tensor");
}

TEST(Reading, Types) {
  const auto shaped = [](const Message& dim) {
    return with_type(
        Message().message(1, Message().number(1, 1).message(2, Message().message(1, dim))));
  };
  EXPECT_EQ(code_of(shaped(Message().number(1, 3))), "ok");
  EXPECT_EQ(code_of(shaped(Message().number(1, static_cast<uint64_t>(-3)))), "bad_type");
  EXPECT_EQ(code_of(shaped(Message().bytes(2, "N"))), "ok");
  for (const char* bad : {"1N", "a b", "a,b", "\xff"})
    EXPECT_EQ(code_of(shaped(Message().bytes(2, bad))), "bad_type") << bad;
  EXPECT_EQ(code_of(with_type(Message().bytes(6, "bb.peer"))), "ok");
  EXPECT_EQ(code_of(with_type(Message().bytes(6, "bb.pear"))), "bad_type");
  EXPECT_EQ(code_of(with_type(Message().message(4, Message()))), "bad_type");
  EXPECT_EQ(code_of(with_type(Message().message(1, Message().number(1, 8)))), "unsupported_dtype");
}

TEST(Reading, OneChangedByteNeverCrashes) {
  const std::string bytes = to_onnx(rich_model());
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      const Result<Model> model = from_onnx(changed);
      if (!model.ok()) {
        EXPECT_EQ(model.error().fault, Fault::kCompile);
        continue;
      }
      const std::string canonical = to_onnx(*model);
      EXPECT_EQ(to_onnx(from_onnx(canonical).value()), canonical);
    }
  }
}

}  // namespace
}  // namespace bb::ir::testing
