// Plan making: resolve shapes and kernels, fold constants, drop dead steps, find views, place
// memory.
#include "bb/parts/backends/plan.h"

#include <algorithm>
#include <map>

#include "bb/ir/ops.h"
#include "bb/parts/backends/place.h"

namespace bb::cpu {
namespace {

constexpr int64_t kFoldLimit = 65536;  // elements: larger constants are recomputed rather than kept
constexpr int64_t kMostElements = int64_t{1} << 40;  // so that sizes in bytes cannot overflow

class Planner {
 public:
  explicit Planner(const ir::Function& function) : function_(function) {}

  Result<std::shared_ptr<const Plan>> run(std::span<const Desc> inputs) {
    plan_ = std::make_shared<Plan>();
    plan_->inputs.assign(inputs.begin(), inputs.end());
    for (size_t i = 0; i < inputs.size(); ++i) {
      const size_t v = add_value(function_.inputs[i], inputs[i]);
      plan_->locations[v] = {Location::Kind::kInput, i, 0};
    }
    for (const ir::Node& node : function_.nodes) BB_RETURN_IF_ERROR(add_node(node));
    for (const std::string& name : function_.outputs) {
      auto found = number_.find(name);
      BB_CHECK(found != number_.end());
      plan_->outputs.push_back(found->second);
    }
    place(*plan_, views_);
    for (const Step& step : plan_->steps)
      plan_->scratch_bytes = std::max(plan_->scratch_bytes, step.kernel->scratch_bytes());
    return std::shared_ptr<const Plan>(plan_);
  }

 private:
  size_t add_value(const std::string& name, Desc desc) {
    const size_t v = plan_->values.size();
    plan_->values.push_back(std::move(desc));
    plan_->locations.emplace_back();
    known_.emplace_back();
    views_.push_back({v, 0, nullptr});
    if (!name.empty()) number_[name] = v;
    return v;
  }

  void set_constant(size_t v, Tensor value) {
    plan_->locations[v] = {Location::Kind::kConstant, plan_->constants.size(), 0};
    plan_->constants.push_back(value);
    known_[v] = std::make_shared<Tensor>(std::move(value));
  }

  /// Makes a value a view of another: of its storage, or of the constant it is.
  void add_view(size_t v, size_t source, size_t offset) {
    if (const Tensor* constant = known_[source].get()) {
      const Desc& desc = plan_->values[v];
      set_constant(
          v, Tensor(desc.dtype, desc.shape, constant->buffer(), constant->offset_bytes() + offset));
    } else {
      views_[v] = {source, offset, nullptr};
    }
  }

  static const Tensor* constant_of(const void* self, size_t i) {
    return static_cast<const OpSite*>(self)->constant[i];
  }

  /// Concrete output types by the operator's type rule.
  Result<std::vector<Desc>> output_types(OpSite& site) {
    const ir::OpInfo* info = ir::find_op(site.node.domain, site.node.op);
    if (info == nullptr || find_op_error(site.node))
      return make_error(Fault::kInstall, "unsupported_op",
                        "the CPU backend cannot run this operator", site.node.op,
                        "see docs/ir.md for the operators", site.node.name);
    std::vector<ir::Type> types;
    for (const Desc& d : site.in)
      types.push_back(d.present() ? ir::Type::tensor(d.dtype, d.shape) : ir::Type{});
    auto made = info->type_rule({site.node, types, &constant_of, &site});
    if (!made.ok()) return std::move(made).error().at(site.node.name);
    std::vector<Desc> out;
    for (size_t i = 0; i < site.node.outputs.size(); ++i) {
      const ir::Type& type = (*made)[i];
      Desc desc{type.dtype, {}, 1};
      bool known = type.is_tensor() && type.shape.has_value();
      if (known)
        for (const ir::Dim& dim : *type.shape) {
          known = known && dim.known();
          desc.shape.push_back(dim.value);
        }
      if (!known)
        return make_error(Fault::kInstall, "unknown_shape",
                          "the shape of a value depends on data, not only on shapes", type.text(),
                          "compute shapes from Shape and constants only", site.node.name);
      desc.count = element_count(desc.shape);
      if (desc.count < 0 || desc.count > kMostElements)
        return make_error(Fault::kInstall, "too_large", "a value has too many elements",
                          text_of(desc.shape), "use smaller shapes", site.node.name);
      if (i > 0 && site.node.outputs[i].empty()) desc = Desc{};
      out.push_back(std::move(desc));
    }
    return out;
  }

  static bool find_op_error(const ir::Node& node) {
    return !node.is_onnx() || (find_cpu_op(node.op) == nullptr && node.op != "Constant" &&
                               node.op != "Shape" && node.op != "Size");
  }

  Status add_node(const ir::Node& node) {
    OpSite site{node, {}, {}, {}};
    std::vector<size_t> in;
    bool all_known = true;
    for (const std::string& name : node.inputs) {
      const size_t v = name.empty() ? kAbsent : number_.at(name);
      in.push_back(v);
      site.in.push_back(v == kAbsent ? Desc{} : plan_->values[v]);
      site.constant.push_back(v == kAbsent ? nullptr : known_[v].get());
      all_known = all_known && (v == kAbsent || known_[v] != nullptr);
    }
    BB_ASSIGN_OR_RETURN(site.out, output_types(site));
    std::vector<size_t> out;
    for (size_t i = 0; i < node.outputs.size(); ++i)
      out.push_back(site.out[i].present() ? add_value(node.outputs[i], site.out[i]) : kAbsent);
    if (node.op == "Constant") {
      std::optional<Tensor> value = ir::constant_value(node);
      BB_CHECK(value.has_value());  // its type rule read the same value
      set_constant(out[0], *std::move(value));
      return {};
    }
    if (node.op == "Shape" || node.op == "Size") return fold_shape(site, out[0]);
    const CpuOp* op = find_cpu_op(node.op);
    if (op->alias != nullptr) {
      if (std::optional<size_t> offset = op->alias(site)) {
        add_view(out[0], in[0], *offset);
        return {};
      }
    }
    auto built = op->build(site);
    if (!built.ok()) return std::move(built).error().at(node.name);
    Step step{std::move(built).value(), in, out, node.name};
    if (all_known && site.out[0].count <= kFoldLimit) return fold(site, step);
    if (node.op == "Concat") note_concat(site, step);
    plan_->steps.push_back(std::move(step));
    return {};
  }

  Status fold_shape(const OpSite& site, size_t out) {
    const Shape& shape = site.in[0].shape;
    if (site.node.op == "Size") {
      set_constant(out, Tensor::scalar<int64_t>(site.in[0].count));
      return {};
    }
    const auto rank = static_cast<int64_t>(shape.size());
    auto bound = [&](int64_t v) { return std::clamp<int64_t>(v < 0 ? v + rank : v, 0, rank); };
    const int64_t start = bound(site.node.int_attr("start", 0));
    const int64_t end = std::max(start, bound(site.node.int_attr("end", rank)));
    set_constant(out, Tensor::of<int64_t>({end - start}, std::span<const int64_t>(shape).subspan(
                                                             static_cast<size_t>(start),
                                                             static_cast<size_t>(end - start))));
    return {};
  }

  /// Runs a step whose inputs are all known now, and keeps its results as constants.
  Status fold(const OpSite& site, const Step& step) {
    std::vector<const std::byte*> in;
    for (const Tensor* t : site.constant) in.push_back(t == nullptr ? nullptr : t->raw());
    std::vector<Tensor> results;
    std::vector<std::byte*> out;
    for (const Desc& d : site.out) results.emplace_back(d.dtype, d.shape);
    for (Tensor& t : results) out.push_back(t.mutable_raw());
    const auto scratch = Buffer::allocate(step.kernel->scratch_bytes() + 64);
    BB_RETURN_IF_ERROR(step.kernel->run(in.data(), out.data(), scratch->mutable_data()));
    for (size_t i = 0; i < step.out.size(); ++i)
      if (step.out[i] != kAbsent) set_constant(step.out[i], results[i]);
    return {};
  }

  /// A Concat along the outermost real axis can have its pieces computed in place.
  void note_concat(const OpSite& site, const Step& step) {
    const auto axis = static_cast<size_t>(site.axis(0, site.out[0].shape.size()));
    for (size_t i = 0; i < axis; ++i)
      if (site.out[0].shape[i] != 1) return;
    views_[step.out[0]].concat = std::make_shared<std::vector<size_t>>(step.in);
  }

  const ir::Function& function_;
  std::shared_ptr<Plan> plan_;
  std::map<std::string, size_t, std::less<>> number_;
  std::vector<std::shared_ptr<const Tensor>> known_;
  std::vector<View> views_;
};

}  // namespace

Result<std::shared_ptr<const Plan>> make_plan(const ir::Function& function,
                                              std::span<const Desc> inputs) {
  return Planner(function).run(inputs);
}

}  // namespace bb::cpu
