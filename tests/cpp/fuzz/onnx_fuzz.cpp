// Fuzzes the IR: whatever from_onnx takes can be checked, typed, printed, and written and read back
// to the same bytes.
#include "bb/ir/graph.h"
#include "bb/ir/ops.h"
#include "fuzz/target.h"
#include "ir/ir_builder.h"

namespace bb::fuzz {
namespace {

using namespace ir::testing;  // the short node writers

ir::Function flat_model() {
  return function(
      ir::domain::kPart, "model.forward", {{"x", "float32[N,4]"}, {"params", "float32[10]"}},
      {constant("from", ints({0})), constant("to", ints({8})), constant("shape", ints({4, -1})),
       onnx("Slice", {"params", "from", "to"}, {"flat"}), onnx("Reshape", {"flat", "shape"}, {"w"}),
       onnx("Gemm", {"x", "w"}, {"h"}, {{"alpha", 0.5}}), onnx("Softmax", {"h"}, {"logits"})},
      {"logits"});
}

ir::Function shapes() {
  return function(ir::domain::kModule, "Shapes", {{"x", "float32[N,2,3]"}, {"i", "int64[M]"}},
                  {onnx("Shape", {"x"}, {"s"}), onnx("Flatten", {"x"}, {"m"}),
                   onnx("Reshape", {"m", "s"}, {"r"}), onnx("Gather", {"r", "i"}, {"g"}),
                   onnx("Concat", {"g", "r"}, {"c"}, {{"axis", int64_t{0}}}),
                   onnx("Transpose", {"c"}, {"t"}, {{"perm", std::vector<int64_t>{2, 0, 1}}}),
                   onnx("ReduceMean", {"t"}, {"y"}, {{"keepdims", int64_t{0}}}),
                   onnx("Cast", {"y"}, {"z"}, {{"to", int64_t{11}}})},
                  {"z"});
}

ir::Function round() {
  const Attrs gather = {
      {"name", "g"}, {"need", int64_t{-1}}, {"timeout_ns", int64_t{9}}, {"key", "root"}};
  return function(
      ir::domain::kModule, "Round", {{"who", "peers"}, {"x", "float32[B,4]"}},
      {node(ir::domain::kModel, "Params", {}, {"p"}, {{"slot", "model"}}),
       node(ir::domain::kWire, "NetOut", {"p", "who"}, {"q", "from"},
            {{"port", "weights"}, {"at", "client"}}),
       node(ir::domain::kFlow, "Gather", {"q", "who"}, {"arrived", "a", "m", "late"}, gather),
       node(ir::domain::kAggregate, "Aggregate", {"arrived"}, {"v", "d"}, {{"slot", "agg"}}),
       node(ir::domain::kState, "Write", {"v"}, {"done"},
            {{"slot", ""}, {"cell", "m"}, {"type", "float32[model.D]"}}),
       node(ir::domain::kModel, "Forward", {"x"}, {"logits"}, {{"slot", "model"}}),
       node(ir::domain::kModule, "Shapes", {"x", "late"}, {"z"}),
       node(ir::domain::kFlow, "Output", {"logits", "done"}, {"out"},
            {{"name", "out"}, {"after", int64_t{1}}})},
      {"out"});
}

}  // namespace

std::vector<std::string> corpus() {
  std::vector<std::string> out;
  ir::Model all;
  for (ir::Function& part : std::vector<ir::Function>{flat_model(), shapes(), round()}) {
    ir::Model one;
    one.functions.push_back(part);
    one.meta["bb.stage"] = "recorded";
    out.push_back(ir::to_onnx(one));
    all.functions.push_back(std::move(part));
  }
  all.meta["bb.edges"] = R"([{"id":7,"type":"float32[4810]"}])";
  out.push_back(ir::to_onnx(all));
  return out;
}

}  // namespace bb::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  bb::Result<bb::ir::Model> model = bb::ir::from_onnx(bytes);
  if (!model.ok()) {
    BB_CHECK(!model.error().code.empty() && !model.error().text().empty());
    return -1;
  }
  const std::string canonical = bb::ir::to_onnx(*model);
  const bb::Result<bb::ir::Model> again = bb::ir::from_onnx(canonical);
  BB_CHECK(again.ok() && bb::ir::to_onnx(*again) == canonical);
  BB_CHECK(bb::ir::text(*again) == bb::ir::text(*model));
  BB_CHECK(bb::ir::verify(*model).ok() == bb::ir::verify(*again).ok());
  for (bb::ir::Function& function : model->functions) {
    const bb::ir::Function before = function;
    if (bb::ir::infer_types(function, *again).ok())
      for (const std::string& name : function.outputs) BB_CHECK(function.types.at(name).complete());
    if (!bb::ir::sort_topologically(function).ok()) function = before;
  }
  return 0;
}
