// Checks of the facts that passes need and ensure.
#include <algorithm>
#include <functional>

#include "bb/compiler/pass.h"
#include "bb/compiler/rewrite.h"
#include "bb/compiler/tables.h"
#include "bb/ir/ops.h"
#include "bb/ir/passport.h"

namespace bb::compiler {
namespace {

Error broken(const std::string& what, const std::string& where) {
  return make_error(Fault::kInternal, "broken_property", "the program is not " + what, where,
                    "report this as a bug");
}

/// Holds when `fine` is true for every node of the functions in `domain`.
Status every_node(const ir::Model& model, std::string_view domain, const std::string& what,
                  const std::function<bool(const ir::Node&)>& fine) {
  for (const ir::Function& function : model.functions) {
    if (function.domain != domain) continue;
    for (const ir::Node& node : function.nodes)
      if (!fine(node)) return broken(what, function.name + ": " + node.name);
  }
  return {};
}

Status check_recorded(const ir::Model& model) {
  const bool fine = meta_of(model.meta, "bb.stage") == "recorded" && entry_of(model) != nullptr;
  return fine ? Status() : broken("recorded", meta_of(model.meta, "bb.entry"));
}

Status check_named(const ir::Model& model) {
  for (const ir::Function& function : model.functions) {
    std::set<std::string> seen;
    for (const ir::Node& node : function.nodes)
      if (node.name.empty() || !seen.insert(node.name).second)
        return broken("named", function.name + ": " + node.op);
  }
  return {};
}

Status check_bound(const ir::Model& model) {
  BB_ASSIGN_OR_RETURN(const Config bindings, read_table(model, "bb.bindings"));
  return every_node(model, ir::domain::kModule, "bound", [&](const ir::Node& node) {
    return role_of(node).empty() || bindings.has(node.string_attr("slot"));
  });
}

Status check_inlined(const ir::Model& model) {
  return every_node(model, ir::domain::kModule, "inlined",
                    [](const ir::Node& node) { return node.domain != ir::domain::kModule; });
}

Status check_expanded(const ir::Model& model) {
  return every_node(model, ir::domain::kModule, "expanded",
                    [](const ir::Node& node) { return node.domain != ir::domain::kModel; });
}

Status check_flat(const ir::Model& model) {
  return every_node(model, ir::domain::kModule, "flat",
                    [](const ir::Node& node) { return !ir::is_call_domain(node.domain); });
}

Status check_typed(const ir::Model& model) {
  const ir::Function& entry = *entry_of(model);
  return every_node(model, ir::domain::kModule, "typed", [&](const ir::Node& node) {
    return std::all_of(node.outputs.begin(), node.outputs.end(), [&](const std::string& name) {
      return name.empty() || entry.types.contains(name);
    });
  });
}

Status check_placed(const ir::Model& model) {
  const std::set<std::string> constants = constant_values(*entry_of(model));
  return every_node(model, ir::domain::kModule, "placed", [&](const ir::Node& node) {
    return !kind_of(node).empty() || (node.is_onnx() && constants.contains(node.outputs[0]));
  });
}

Status check_cut(const ir::Model& model) {
  const bool uncut = std::any_of(model.functions.begin(), model.functions.end(), [](const auto& f) {
    return f.domain == ir::domain::kModule || f.domain == ir::domain::kPart;
  });
  if (uncut || !model.meta.contains("bb.edges")) return broken("cut", {});
  return every_node(model, ir::domain::kTarget, "cut",
                    [](const ir::Node& node) { return !node.is(ir::domain::kWire, "NetOut"); });
}

Status check_framed(const ir::Model& model) {
  for (const ir::Function& function : model.functions) {
    if (function.domain != ir::domain::kTarget) continue;
    const std::set<std::string> constants = constant_values(function);
    for (const ir::Node& node : function.nodes) {
      const bool constant = node.is_onnx() && constants.contains(node.outputs[0]);
      if (!constant && meta_of(node.meta, "bb.frame").empty()) return broken("framed", node.name);
    }
  }
  return {};
}

Status check_fused(const ir::Model& model) {
  BB_RETURN_IF_ERROR(every_node(model, ir::domain::kTarget, "fused",
                                [](const ir::Node& node) { return !node.is_onnx(); }));
  return every_node(model, ir::domain::kRegion, "fused",
                    [](const ir::Node& node) { return node.is_onnx(); });
}

Status check_stamped(const ir::Model& model) {
  for (const char* key : {"bb.stage", "bb.targets", "bb.bindings", "bb.edges", "bb.cells"})
    if (!model.meta.contains(key)) return broken("stamped", key);
  return {};
}

struct Check {
  Property property;
  Status (*run)(const ir::Model& model);
};

constexpr Check kChecks[] = {
    {Property::kRecorded, check_recorded}, {Property::kNamed, check_named},
    {Property::kVerified, ir::verify},     {Property::kBound, check_bound},
    {Property::kInlined, check_inlined},   {Property::kExpanded, check_expanded},
    {Property::kTyped, check_typed},       {Property::kFlat, check_flat},
    {Property::kPlaced, check_placed},     {Property::kCut, check_cut},
    {Property::kFramed, check_framed},     {Property::kFused, check_fused},
    {Property::kStamped, check_stamped},   {Property::kSealed, ir::check_passport},
};

}  // namespace

Status check_properties(const ir::Model& model, uint32_t mask) {
  for (const Check& check : kChecks)
    if ((mask & static_cast<uint32_t>(check.property)) != 0) BB_RETURN_IF_ERROR(check.run(model));
  return {};
}

}  // namespace bb::compiler
