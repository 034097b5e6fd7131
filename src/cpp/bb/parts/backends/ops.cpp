// The operator table of the CPU backend, from ops.def, and what builders share.
#include <array>

#include "bb/parts/backends/kernel.h"

namespace bb::cpu {

#define BB_CPU_OP(name, builder, alias) BuildResult builder(const OpSite&);
#include "bb/parts/backends/ops.def"
#undef BB_CPU_OP
std::optional<size_t> alias_whole(const OpSite&);
std::optional<size_t> alias_transpose(const OpSite&);
std::optional<size_t> alias_expand(const OpSite&);
std::optional<size_t> alias_slice(const OpSite&);

const CpuOp* find_cpu_op(std::string_view name) {
  static const CpuOp kOps[] = {
#define BB_CPU_OP(name, builder, alias) {#name, builder, alias},
#include "bb/parts/backends/ops.def"
#undef BB_CPU_OP
  };
  for (const CpuOp& op : kOps)
    if (op.name == name) return &op;
  return nullptr;
}

Error unsupported_dtype(const OpSite& site, DType dtype) {
  return make_error(Fault::kInstall, "unsupported_dtype",
                    "the CPU backend has no " + site.node.op + " for this element type",
                    std::string(name_of(dtype)), "cast to float32 or float64 first",
                    site.node.name);
}

Result<std::vector<int64_t>> OpSite::ints(size_t i) const {
  if (i >= constant.size() || constant[i] == nullptr)
    return make_error(Fault::kInstall, "needs_constant",
                      node.op + " needs input " + std::to_string(i) + " to be known before it runs",
                      i < node.inputs.size() ? node.inputs[i] : "",
                      "use a constant, or a value computed from shapes only", node.name);
  const Tensor& t = *constant[i];
  std::vector<int64_t> out;
  if (t.dtype() == DType::kI32) {
    for (int32_t v : t.view<int32_t>()) out.push_back(v);
  } else if (t.dtype() == DType::kI64) {
    for (int64_t v : t.view<int64_t>()) out.push_back(v);
  } else {
    return unsupported_dtype(*this, t.dtype());
  }
  return out;
}

int64_t OpSite::axis(int64_t fallback, size_t rank) const {
  const int64_t value = node.int_attr("axis", fallback);
  return value < 0 ? value + static_cast<int64_t>(rank) : value;
}

}  // namespace bb::cpu
