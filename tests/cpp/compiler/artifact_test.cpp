// The artifact: equal input gives equal bytes, and no changed byte goes unnoticed.
#include "bb/ir/passport.h"
#include "compiler/stages.h"

namespace bb::compiler {
namespace {

using namespace testing;

std::string bytes_of(const ir::Model& recorded) {
  Result<Compiled> out = compile(ir::to_onnx(recorded), {});
  EXPECT_TRUE(out.ok()) << out.error().text();
  return out.ok() ? out->bytes : std::string();
}

Program small_program() {
  Body body = module("M");
  body.input("x", "float32[2]")
      .onnx("Softmax", {"x"}, {"a"}, {{"axis", int64_t{0}}})
      .give("a", "a");
  return Program(body);
}

TEST(Artifact, IsTheSameForTheSameProgram) {
  EXPECT_EQ(bytes_of(sgd_program().model()), bytes_of(sgd_program().model()));
}

TEST(Artifact, DoesNotDependOnTheOrderOfFunctions) {
  ir::Model model = sgd_program().model();
  const std::string bytes = bytes_of(model);
  std::reverse(model.functions.begin(), model.functions.end());
  EXPECT_EQ(bytes_of(model), bytes);
}

TEST(Artifact, DigestIgnoresLinesButNotAttributes) {
  ir::Model model = small_program().model();
  const Result<Compiled> first = compile(ir::to_onnx(model), {});
  for (ir::Node& node : model.functions[0].nodes) node.meta["bb.loc"] = "other.py:1";
  const Result<Compiled> moved = compile(ir::to_onnx(model), {});
  EXPECT_EQ(first->digest, moved->digest);
  EXPECT_NE(first->bytes, moved->bytes);
  model.functions[0].nodes[0].attrs["axis"] = int64_t{-1};
  EXPECT_NE(compile(ir::to_onnx(model), {})->digest, first->digest);
}

TEST(Artifact, EveryChangedByteIsRefused) {
  const std::string bytes = bytes_of(small_program().model());
  ASSERT_TRUE(ir::read_artifact(bytes).ok());
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const int flip : {1, 0x80}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      const Result<ir::Model> read = ir::read_artifact(changed);
      ASSERT_FALSE(read.ok()) << "byte " << i;
      ASSERT_EQ(read.error().fault, Fault::kInstall) << read.error().text();
    }
  }
}

TEST(Artifact, EveryTruncationIsRefused) {
  const std::string bytes = bytes_of(small_program().model());
  for (size_t size = 0; size < bytes.size(); ++size)
    ASSERT_FALSE(ir::read_artifact(std::string_view(bytes).substr(0, size)).ok()) << size;
}

TEST(Artifact, AChangedAttributeIsNamedAsIntegrity) {
  ir::Model model = ir::read_artifact(bytes_of(small_program().model())).value();
  for (ir::Function& function : model.functions)
    for (ir::Node& node : function.nodes)
      if (node.op == "Softmax") node.attrs["axis"] = int64_t{-1};
  EXPECT_EQ(ir::read_artifact(ir::to_onnx(model)).error().code, "integrity");
}

TEST(Artifact, RefusesOtherFormatsAndStages) {
  ir::Model model = ir::read_artifact(bytes_of(small_program().model())).value();
  ir::Model later = model;
  later.meta["bb.passport"] = R"({"format":2,"package":"bytesandbrains"})";
  EXPECT_EQ(ir::check_passport(later).error().code, "unknown_format");
  later.meta["bb.passport"] = "7";
  EXPECT_EQ(ir::check_passport(later).error().code, "bad_passport");
  EXPECT_EQ(ir::read_artifact(small_program().bytes()).error().code, "not_an_artifact");
  EXPECT_EQ(ir::read_artifact("no model").error().fault, Fault::kInstall);
}

TEST(Artifact, VerifyChecksTypesBesideThePassport) {
  ir::Model model = ir::read_artifact(bytes_of(small_program().model())).value();
  EXPECT_TRUE(verify_artifact(model).ok());
  model.functions.back().types.begin()->second = ir::Type::parse("float32[3]").value();
  ir::stamp_passport(model);
  EXPECT_FALSE(verify_artifact(model).ok());
}

TEST(Artifact, PassesSayWhatTheyChanged) {
  const Result<Compiled> out = compile(small_program().bytes(), {});
  std::vector<std::string> changed;
  for (const auto& [name, text] : out->stages) changed.push_back(name);
  EXPECT_EQ(std::count(changed.begin(), changed.end(), "bind"), 0);
  EXPECT_EQ(std::count(changed.begin(), changed.end(), "fuse"), 1);
  Options options;
  options.explain_after = "bind";
  const Result<Compiled> asked = compile(small_program().bytes(), options);
  EXPECT_EQ(asked->stages.size(), out->stages.size() + 1);
  EXPECT_EQ(asked->bytes, out->bytes);
}

TEST(Artifact, SuggestsTheNearestPass) {
  Options options;
  options.explain_after = "fusee";
  const Result<Compiled> out = compile(small_program().bytes(), options);
  ASSERT_FALSE(out.ok());
  EXPECT_EQ(out.error().code, "unknown_pass");
  EXPECT_CONTAINS(out.error().hint, "\"fuse\"");
}

TEST(Artifact, CheckingEveryPassChangesNothing) {
  Options fast;
  fast.verify_each = false;
  EXPECT_EQ(compile(sgd_program().bytes(), fast)->bytes, compile(sgd_program().bytes(), {})->bytes);
}

}  // namespace
}  // namespace bb::compiler
