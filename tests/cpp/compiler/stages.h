// Runs the pipeline up to a pass, and looks at what is there.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "bb/compiler/compile.h"
#include "compiler/program.h"

namespace bb::compiler::testing {

/// The program after pass `name`, every property checked on the way.
inline Result<ir::Model> after(const Program& program, const std::string& name) {
  ir::Model model = program.model();
  for (const Pass& pass : passes()) {
    BB_RETURN_IF_ERROR(check_properties(model, pass.needs));
    BB_ASSIGN_OR_RETURN(PassResult result, pass.run(std::move(model)));
    BB_RETURN_IF_ERROR(check_properties(result.model, pass.ensures));
    model = std::move(result.model);
    if (pass.name == name) return model;
  }
  BB_CHECK(!"no such pass");
  return model;
}

/// Lines of a function's text without types, places and blanks at the ends of lines.
inline std::string plain(const ir::Function& function) {
  ir::Function bare = function;
  bare.types.clear();
  bare.meta.clear();
  for (ir::Node& node : bare.nodes) node.meta.erase("bb.loc");
  return ir::text(bare);
}
inline std::string plain(const Result<ir::Model>& model, std::string_view domain,
                         const std::string& name) {
  if (!model.ok()) return model.error().code + ": " + model.error().text();
  const ir::Function* function = model->find(domain, name);
  return function == nullptr ? "no function " + name : plain(*function);
}
inline std::string target_text(const Result<ir::Model>& model, const std::string& kind) {
  return plain(model, ir::domain::kTarget, kind);
}
inline std::string entry_text(const Result<ir::Model>& model, const std::string& name) {
  return plain(model, ir::domain::kModule, name);
}

/// The error that refuses a program.
inline Error refusal(const Program& program) {
  const Result<Compiled> out = compile(program.bytes(), {});
  return out.ok() ? make_error(Fault::kInternal, "compiled", "no error") : out.error();
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
#define EXPECT_CONTAINS(text, part) EXPECT_PRED2(::bb::compiler::testing::contains, text, part)

/// How many nodes of a function are this operator.
inline size_t count_of(const ir::Function& function, std::string_view domain, std::string_view op) {
  return static_cast<size_t>(
      std::count_if(function.nodes.begin(), function.nodes.end(),
                    [&](const ir::Node& node) { return node.is(domain, op); }));
}

inline ir::Model artifact_of(const Program& program) {
  const Result<Compiled> out = compile(program.bytes(), {});
  EXPECT_TRUE(out.ok()) << (out.ok() ? "" : out.error().code + ": " + out.error().text());
  return out.ok() ? ir::from_onnx(out->bytes).value() : ir::Model{};
}

}  // namespace bb::compiler::testing
