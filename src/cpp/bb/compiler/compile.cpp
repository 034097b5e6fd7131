// Runs the pipeline: each pass with its conditions checked around it and its name in every error.
#include "bb/compiler/compile.h"

#include "bb/base/descriptor.h"
#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"
#include "bb/ir/ops.h"

namespace bb::compiler {
namespace {

template <class... Flags>
constexpr uint32_t mask(Flags... flags) {
  return (0u | ... | static_cast<uint32_t>(flags));
}

/// Runs one pass between its checks.
Result<PassResult> run_pass(const Pass& pass, ir::Model model, const Options& options) {
  if (options.verify_each) BB_RETURN_IF_ERROR(check_properties(model, pass.needs));
  BB_ASSIGN_OR_RETURN(PassResult result, pass.run(std::move(model)));
  if (!options.verify_each) return result;
  BB_RETURN_IF_ERROR(check_properties(result.model, pass.ensures));
  // The first pass only names what it was given; the second sorts and verifies it.
  if (pass.needs != 0) BB_RETURN_IF_ERROR(ir::verify(result.model));
  return result;
}

Status check_options(const Options& options) {
  const std::vector<std::string> names = pass_names();
  const bool known = options.explain_after.empty() ||
                     std::find(names.begin(), names.end(), options.explain_after) != names.end();
  if (known) return {};
  return unknown_name("unknown_pass", "no pass has this name", options.explain_after, names,
                      "explain_after");
}

}  // namespace

const std::vector<Pass>& passes() {
  using enum Property;
  static const std::vector<Pass> all = {
#define BB_PASS(name, summary, needs, ensures) \
  Pass{#name, summary, &run_##name, mask(needs), mask(ensures)},
#include "bb/compiler/passes.def"
#undef BB_PASS
  };
  return all;
}

std::vector<std::string> pass_names() {
  std::vector<std::string> out;
  for (const Pass& pass : passes()) out.emplace_back(pass.name);
  return out;
}

Result<Compiled> compile(std::string_view recorded_onnx, const Options& options) {
  BB_RETURN_IF_ERROR(check_options(options));
  BB_ASSIGN_OR_RETURN(ir::Model model, ir::from_onnx(recorded_onnx));
  Compiled out;
  for (const Pass& pass : passes()) {
    Result<PassResult> result = run_pass(pass, std::move(model), options);
    if (!result.ok()) return std::move(result).error().at(std::string("pass ") + pass.name);
    model = std::move(result->model);
    if (result->modified || options.explain_after == pass.name)
      out.stages.emplace_back(pass.name, ir::text(model));
  }
  out.bytes = ir::to_onnx(model);
  out.digest = model.meta.at("bb.digest");
  return out;
}

}  // namespace bb::compiler
