// The op table and the structural checks: each defect is found, named and explained.
#include <gtest/gtest.h>

#include <set>

#include "ir/ir_builder.h"

namespace bb::ir::testing {
namespace {

Model model_of(std::vector<Node> nodes, Names outputs = {"y"}) {
  Model model;
  model.functions.push_back(function(domain::kModule, "Main", {{"x", "float32[N]"}},
                                     std::move(nodes), std::move(outputs)));
  return model;
}
Error error_of(const Model& model) {
  const Status status = verify(model);
  return status.ok() ? make_error(Fault::kInternal, "ok", {}) : status.error();
}
std::string code_of(std::vector<Node> nodes, Names outputs = {"y"}) {
  return error_of(model_of(std::move(nodes), std::move(outputs))).code;
}

TEST(OpTable, RowsAreConsistent) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const OpInfo& row : all_ops()) {
    EXPECT_TRUE(seen.emplace(row.domain, row.name).second) << row.name;
    EXPECT_EQ(find_op(row.domain, row.name), &row);
    EXPECT_NE(row.type_rule, nullptr);
    EXPECT_FALSE(row.summary.empty()) << row.name;
    EXPECT_TRUE(row.max_inputs == -1 || row.max_inputs >= row.min_inputs) << row.name;
    EXPECT_TRUE(row.outputs == -1 || row.outputs >= row.min_outputs) << row.name;
    EXPECT_EQ(row.attrs.size(), row.attr_specs.size());
    EXPECT_FALSE(is_call_domain(row.domain));
  }
  EXPECT_EQ(find_op("", "Nothing"), nullptr);
  EXPECT_FALSE(find_op(domain::kOnnx, "Add")->side_effect);
  EXPECT_TRUE(find_op(domain::kState, "Write")->side_effect);
}

TEST(Verify, AcceptsAGoodModel) {
  EXPECT_EQ(code_of({onnx("Relu", {"x"}, {"h"}), onnx("Add", {"h", "x"}, {"y"})}), "ok");
  EXPECT_EQ(error_of(Model{}).code, "ok");
}

TEST(Verify, FindsEachDefect) {
  EXPECT_EQ(code_of({onnx("Reul", {"x"}, {"y"})}), "unknown_op");
  EXPECT_EQ(code_of({node("ai.bytesandbrains.flwo", "Join", {"x"}, {"y"})}), "unknown_domain");
  EXPECT_EQ(code_of({onnx("Add", {"x"}, {"y"})}), "bad_arity");
  EXPECT_EQ(code_of({onnx("Relu", {""}, {"y"})}), "bad_arity");
  EXPECT_EQ(code_of({onnx("Relu", {"x"}, {"y", "z"})}), "bad_arity");
  EXPECT_EQ(code_of({onnx("Max", {"x", ""}, {"y"})}), "bad_arity");
  EXPECT_EQ(code_of({onnx("Relu", {"q"}, {"y"})}), "undefined_value");
  EXPECT_EQ(code_of({onnx("Relu", {"x"}, {"h"})}), "undefined_value");
  EXPECT_EQ(code_of({onnx("Relu", {"h"}, {"y"}), onnx("Relu", {"x"}, {"h"})}),
            "used_before_defined");
  EXPECT_EQ(code_of({onnx("Relu", {"x"}, {"y"}), onnx("Abs", {"x"}, {"y"})}), "defined_twice");
  EXPECT_EQ(code_of({onnx("Relu", {"x"}, {"x"})}, {"x"}), "defined_twice");
  EXPECT_EQ(code_of({onnx("Softmax", {"x"}, {"y"}, {{"axes", int64_t{0}}})}), "unknown_attribute");
  EXPECT_EQ(code_of({onnx("Softmax", {"x"}, {"y"}, {{"axis", "0"}})}), "bad_attribute");
  EXPECT_EQ(code_of({onnx("Cast", {"x"}, {"y"})}), "missing_attribute");
  EXPECT_EQ(code_of({onnx("Relu", {"x"}, {"y"}, {{"after", int64_t{0}}})}), "unknown_attribute");
  EXPECT_EQ(code_of({node(domain::kFlow, "Output", {"x"}, {"y"},
                          {{"name", "y"}, {"after", int64_t{5}}})}),
            "bad_attribute");
}

TEST(Verify, NamesTheNodeItsLocationAndTheNearestName) {
  Node wrong = onnx("Reul", {"x"}, {"y"});
  wrong.meta["bb.loc"] = "round.py:12";
  const Error error = error_of(model_of({wrong}));
  EXPECT_EQ(error.where, "Reul \"n_y\" at round.py:12");
  EXPECT_EQ(error.value, "Reul");
  EXPECT_NE(error.hint.find("\"Relu\""), std::string::npos) << error.hint;
}

TEST(Verify, ListsAllProblems) {
  const Error error =
      error_of(model_of({onnx("Reul", {"x"}, {"a"}), onnx("Add", {"x"}, {"b"})}, {"y"}));
  EXPECT_EQ(error.code, "unknown_op");
  for (const char* part : {"3 problems", "Reul", "Add takes 2 inputs", "\"Main\""})
    EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
}

Model calling(Node call) {
  Model model = model_of({std::move(call)});
  model.functions.push_back(function(domain::kModule, "Child", {{"a", "float32[N]"}, {"b", "peer"}},
                                     {onnx("Relu", {"a"}, {"out"})}, {"out"}));
  return model;
}

TEST(Verify, ChecksCalls) {
  const auto code = [](const char* callee, Names in, Attrs attrs) {
    return error_of(calling(node(domain::kModule, callee, std::move(in), {"y"}, std::move(attrs))))
        .code;
  };
  const auto named = [](Names names) { return Attrs{{"inputs_by_name", std::move(names)}}; };
  EXPECT_EQ(code("Child", {"x", "x"}, {}), "ok");
  EXPECT_EQ(code("Child", {"x", "x"}, named({"b", "a"})), "ok");
  EXPECT_EQ(code("Chlid", {"x", "x"}, {}), "unknown_function");
  EXPECT_EQ(code("Child", {"x"}, {}), "bad_arity");
  EXPECT_EQ(code("Child", {"x", "x"}, named({"a"})), "bad_arity");
  EXPECT_EQ(code("Child", {"x", "x"}, named({"a", "c"})), "unknown_input");
  EXPECT_EQ(code("Child", {"x", "x"}, named({"a", "a"})), "defined_twice");
  EXPECT_EQ(code("Child", {"x", "x"}, {{"size", int64_t{1}}}), "unknown_attribute");
}

TEST(Verify, DoesNotLoopOnRecursionAndFindsDuplicateFunctions) {
  EXPECT_EQ(code_of({node(domain::kModule, "Main", {"x"}, {"y"})}), "ok");
  Model twice = model_of({onnx("Relu", {"x"}, {"y"})});
  twice.functions.push_back(twice.functions[0]);
  EXPECT_EQ(error_of(twice).code, "defined_twice");
  Model homeless = model_of({onnx("Relu", {"x"}, {"y"})});
  homeless.functions[0].domain = "somewhere";
  EXPECT_EQ(error_of(homeless).code, "unknown_domain");
}

}  // namespace
}  // namespace bb::ir::testing
