// Hostile programs: whatever is recorded, the compiler answers with an artifact or a typed error.
#include "bb/base/philox.h"
#include "compiler/stages.h"

namespace bb::compiler {
namespace {

using namespace testing;

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : stream_(seed, "test.hostile") {}

  void change(ir::Model& model) {
    ir::Function& function = model.functions[below(model.functions.size())];
    if (function.nodes.empty()) return;
    ir::Node& node = function.nodes[below(function.nodes.size())];
    switch (below(12)) {
      case 0:
        if (!node.inputs.empty()) node.inputs[below(node.inputs.size())] = some_value(function);
        return;
      case 1:
        if (!node.outputs.empty()) node.outputs[below(node.outputs.size())] = some_value(function);
        return;
      case 2:
        node.inputs.push_back(some_value(function));
        return;
      case 3:
        if (!node.inputs.empty()) node.inputs.pop_back();
        return;
      case 4:
        if (!node.outputs.empty()) node.outputs.pop_back();
        return;
      case 5:
        function.nodes.erase(function.nodes.begin() +
                             static_cast<std::ptrdiff_t>(below(function.nodes.size())));
        return;
      case 6:
        node.op = some_node(model).op;
        return;
      case 7:
        node.attrs = some_node(model).attrs;
        return;
      case 8:
        if (!node.attrs.empty())
          std::next(node.attrs.begin(), pick(node.attrs.size()))->second = some_attr();
        node.attrs["after"] = some_attr();
        return;
      case 9:
        node.meta["bb.on"] = below(2) == 0 ? "server" : "client";
        return;
      case 10:
        damage(std::next(model.meta.begin(), pick(model.meta.size()))->second);
        return;
      default:
        if (!function.types.empty())
          std::next(function.types.begin(), pick(function.types.size()))->second = some_type();
    }
  }

 private:
  size_t below(size_t bound) { return stream_.next_below(bound); }
  std::ptrdiff_t pick(size_t bound) { return static_cast<std::ptrdiff_t>(below(bound)); }

  const ir::Node& some_node(const ir::Model& model) {
    const ir::Function& function = model.functions[below(model.functions.size())];
    static const ir::Node none;
    return function.nodes.empty() ? none : function.nodes[below(function.nodes.size())];
  }
  std::string some_value(const ir::Function& function) {
    const ir::Node& node = function.nodes[below(function.nodes.size())];
    const auto& list = below(2) == 0 ? node.inputs : node.outputs;
    return list.empty() ? std::string() : list[below(list.size())];
  }
  ir::Attr some_attr() {
    switch (below(6)) {
      case 0:
        return int64_t{-1};
      case 1:
        return int64_t{1} << 62;
      case 2:
        return std::string("model");
      case 3:
        return std::vector<int64_t>{-7, 3};
      case 4:
        return Strings{"x", "h"};
      default:
        return Tensor::of<int64_t>({2}, std::vector<int64_t>{4'000'000'000, -5});
    }
  }
  ir::Type some_type() {
    static const char* const kTexts[] = {"any",        "trigger",    "peers",
                                         "float32[*]", "int64[N,?]", "bool[0]"};
    return ir::Type::parse(kTexts[below(std::size(kTexts))]).value();
  }
  void damage(std::string& text) {
    if (text.empty()) return;
    const size_t at = below(text.size());
    if (below(2) == 0) {
      text.resize(at);
    } else {
      text[at] = "0\"{}[],:x"[below(9)];
    }
  }

  Stream stream_;
};

void expect_answer(const Result<Compiled>& out, uint64_t seed) {
  if (out.ok()) return;
  EXPECT_FALSE(out.error().code.empty());
  EXPECT_FALSE(out.error().message.empty());
  EXPECT_NE(out.error().fault, Fault::kInternal)
      << seed << ": " << out.error().code << " " << out.error().text();
}

TEST(Hostile, ChangedProgramsAreAnsweredByType) {
  const ir::Model whole = sgd_program().model();
  Body child = module("Child");
  child.input("h", "float32[2]").onnx("Neg", {"h"}, {"n"}).give("n", "n");
  Body body = module("M");
  body.input("x", "float32[2]").read("c", "float32[2]", "c").call("Child", {{"h", "x"}}, {"a"});
  body.onnx("Add", {"a", "c"}, {"s"}).write("c", "float32[2]", "s", "t").give("t", "t");
  Program calls(body);
  calls.add(child);
  size_t refused = 0;
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    Mutator mutator(seed);
    ir::Model model = seed % 3 == 0 ? calls.model() : whole;
    for (uint64_t i = 0; i <= seed % 3; ++i) mutator.change(model);
    const Result<Compiled> out = compile(ir::to_onnx(model), {});
    expect_answer(out, seed);
    refused += out.ok() ? 0 : 1;
  }
  EXPECT_GT(refused, 500u);
}

TEST(Hostile, ChangedBytesAreAnsweredByType) {
  const std::string bytes = sgd_program().bytes();
  Stream stream(7, "test.hostile.bytes");
  for (uint64_t seed = 0; seed < 500; ++seed) {
    std::string changed = bytes;
    for (int i = 0; i < 3; ++i)
      changed[stream.next_below(changed.size())] = static_cast<char>(stream.next_below(256));
    expect_answer(compile(changed, {}), seed);
  }
}

}  // namespace
}  // namespace bb::compiler
