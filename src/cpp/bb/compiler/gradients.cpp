// The table of gradient rules and the tools every rule uses: summands, un-broadcasting, constants.
#include "bb/compiler/gradients.h"

#include <algorithm>

namespace bb::compiler {

#define BB_GRADIENT(op, rule) Status rule(Step& step);
#define BB_NO_GRADIENT(op)
#include "bb/compiler/gradients.def"
#undef BB_GRADIENT
#undef BB_NO_GRADIENT

const std::vector<GradientInfo>& all_gradients() {
#define BB_GRADIENT(op, rule) {#op, rule},
#define BB_NO_GRADIENT(op) {#op, nullptr},
  static const std::vector<GradientInfo> table = {
#include "bb/compiler/gradients.def"
  };
#undef BB_GRADIENT
#undef BB_NO_GRADIENT
  return table;
}

const GradientInfo* find_gradient(std::string_view op) {
  for (const GradientInfo& row : all_gradients())
    if (row.op == op) return &row;
  return nullptr;
}

std::string place_of(const ir::Node& node) {
  std::string place = node.op;
  const std::string& name =
      node.name.empty() && !node.outputs.empty() ? node.outputs[0] : node.name;
  if (!name.empty()) place += " \"" + name + "\"";
  const auto loc = node.meta.find("bb.loc");
  if (loc != node.meta.end()) place += " (" + loc->second + ")";
  return place;
}

Error Step::error(std::string code, std::string message, std::string value,
                  std::string hint) const {
  return make_error(Fault::kCompile, std::move(code), std::move(message), std::move(value),
                    std::move(hint), place_of(node));
}

void Step::add(size_t i, const std::string& gradient) {
  if (wants(i)) summands_[in(i)].whole.push_back(gradient);
}

void Step::add_block(size_t i, const std::string& gradient, int64_t axis, int64_t first,
                     int64_t size) {
  if (wants(i)) summands_[in(i)].blocks.push_back({gradient, axis, first, size});
}

Status Step::add_unbroadcast(size_t i, const std::string& gradient) {
  if (!wants(i)) return {};
  const Dims& from = write.dims(gradient);
  const Dims& to = write.dims(in(i));
  const size_t lead = from.size() - to.size();
  Ints leading = all_axes(static_cast<int64_t>(lead));
  Ints axes = leading;
  for (size_t k = 0; k < to.size(); ++k) {
    if (surely_equal(from[lead + k], to[k])) continue;
    if (to[k].value != 1)
      return error(
          "undecidable_shape",
          "cannot tell whether input " + std::to_string(i) + " was broadcast to the result",
          write.type(in(i)).text() + " to " + write.type(gradient).text(),
          "give both operands the same dimensions, or 1 where one is to be repeated");
    axes.push_back(static_cast<int64_t>(lead + k));
  }
  const bool keep = axes.size() > lead;
  const std::string summed = write.sum(gradient, axes, keep);
  add(i, keep ? write.squeeze(summed, leading) : summed);
  return {};
}

Result<Ints> Step::constant_ints(size_t i) const {
  const auto tensor = write.constant_behind(in(i));
  if (!tensor || (tensor->dtype() != DType::kI64 && tensor->dtype() != DType::kI32))
    return error("not_constant", "its gradient needs input " + std::to_string(i) + " as a constant",
                 in(i), "pass a list of integers instead of a computed value");
  Ints out;
  for (int64_t k = 0; k < tensor->size(); ++k)
    out.push_back(tensor->dtype() == DType::kI64 ? tensor->data<int64_t>()[k]
                                                 : tensor->data<int32_t>()[k]);
  return out;
}

Result<Ints> Step::reduced_axes() const {
  const int64_t rank = write.rank(in(0));
  Ints axes;
  if (has_input(1)) {
    BB_ASSIGN_OR_RETURN(axes, constant_ints(1));
  }
  if (axes.empty()) return node.int_attr("noop_with_empty_axes", 0) ? axes : all_axes(rank);
  for (int64_t& axis : axes) axis = from_front(axis, rank);
  std::sort(axes.begin(), axes.end());
  return axes;
}

}  // namespace bb::compiler
