// Targets, cells and components of a new node; all problems are collected before any is reported.
#include "bb/node/install.h"

#include <algorithm>

#include "bb/node/program_state.h"

namespace bb::node {

namespace {

/// Makes the component of one slot.
class PartMaker {
 public:
  PartMaker(const Program& program, InstallOptions& options)
      : program_(program), options_(options) {}

  Result<engine::Part> make(const SlotInfo& slot) {
    const auto given = options_.components.find(slot.name);
    if (given != options_.components.end()) return adopt(slot, given->second);
    const Config& binding = program_.bindings().get(slot.name);
    if (binding.get("by").as_string() != "catalogue") {
      return install_error("missing_component",
                           "slot " + slot.name + " is bound to a component that the host makes",
                           binding.get("part").as_string(), "pass it in components=", slot.name);
    }
    const std::string& name = binding.get("part").as_string();
    const Config params = merged(slot.name, binding.get("params"));
    Result<engine::Part> part = from_catalogue(slot, name, params);
    if (!part.ok()) return std::move(part).error().at("slot " + slot.name);
    BB_RETURN_IF_ERROR(attach(slot, *part));
    return part;
  }

 private:
  Config merged(const std::string& slot, const Config& params) const {
    Config out = params.is_dict() ? params : Config(Config::Dict{});
    const auto given = options_.config.find(slot);
    if (given == options_.config.end() || !given->second.is_dict()) return out;
    for (const auto& [key, value] : given->second.as_dict()) out[key] = value;
    return out;
  }

  Result<engine::Part> from_catalogue(const SlotInfo& slot, const std::string& name,
                                      const Config& params) const {
    const Registry& registry = program_.registry();
    if (slot.role == "Aggregator") {
      BB_ASSIGN_OR_RETURN(auto made, registry.aggregators->make(name, params));
      return typed(slot, std::move(made));
    }
    if (slot.role == "DataSource") {
      BB_ASSIGN_OR_RETURN(auto made, registry.data_sources->make(name, params));
      return typed(slot, std::move(made));
    }
    BB_ASSIGN_OR_RETURN(auto made, registry.selectors->make(name, params));
    return typed(slot, std::move(made));
  }

  static Result<engine::Part> typed(const SlotInfo& slot, std::shared_ptr<Component> component) {
    engine::Part part;
    part.aggregator = dynamic_cast<Aggregator*>(component.get());
    part.data = dynamic_cast<DataSource*>(component.get());
    part.selector = dynamic_cast<PeerSelector*>(component.get());
    if (component == nullptr || component->role() != slot.role) {
      return install_error("wrong_role", "slot " + slot.name + " needs a part of role " + slot.role,
                           component == nullptr ? "none" : std::string(component->role()),
                           "give a component of that role", slot.name);
    }
    part.component = std::move(component);
    return part;
  }

  Result<engine::Part> adopt(const SlotInfo& slot, std::shared_ptr<Component> component) const {
    if (options_.config.contains(slot.name)) {
      return install_error("unexpected_config",
                           "slot " + slot.name + " holds a component that the host made", slot.name,
                           "configure the component before installing it");
    }
    BB_ASSIGN_OR_RETURN(engine::Part part, typed(slot, std::move(component)));
    const auto resource = options_.resources.find(slot.name);
    if (resource != options_.resources.end()) {
      BB_RETURN_IF_ERROR(part.component->attach(resource->second));
    }
    return part;
  }

  Status attach(const SlotInfo& slot, engine::Part& part) const {
    const auto resource = options_.resources.find(slot.name);
    if (resource != options_.resources.end() && resource->second != nullptr) {
      Status attached = part.component->attach(resource->second);
      if (!attached.ok()) return std::move(attached).error().at("slot " + slot.name);
      return {};
    }
    if (part.data == nullptr) return {};
    return install_error("missing_resource", "slot " + slot.name + " draws from data of this node",
                         slot.name, "pass a data view in resources=");
  }

  const Program& program_;
  InstallOptions& options_;
};

std::vector<const engine::Plan*> plans_of(const Program& program, InstallOptions& options,
                                          engine::Problems& problems) {
  const std::vector<std::string> known = program.targets();
  if (options.targets.empty() && known.size() == 1) options.targets = known;
  if (options.targets.empty()) {
    problems.add(install_error("unknown_target", "the program has several targets",
                               std::to_string(known.size()) + " targets",
                               engine::suggest("", known)));
  }
  std::vector<const engine::Plan*> plans;
  for (const std::string& target : options.targets) {
    const engine::Plan* plan = program.plan(target);
    if (plan == nullptr) {
      problems.add(install_error("unknown_target", "the program has no target of this name", target,
                                 engine::suggest(target, known)));
    } else if (std::find(plans.begin(), plans.end(), plan) != plans.end()) {
      problems.add(install_error("repeated_target", "a target is named twice", target,
                                 "name every target once"));
    } else {
      plans.push_back(plan);
    }
  }
  return plans;
}

/// Every slot named in the options must be a slot of the artifact that takes such a thing.
void check_names(const Tables& tables, const InstallOptions& options, engine::Problems& problems) {
  std::vector<std::string> known;
  for (const SlotInfo& slot : tables.slots) known.push_back(slot.name);
  const auto check = [&](const std::string& name, std::string_view what) {
    if (tables.slot_index(name) != kNotFound) return;
    const bool graph = tables.bindings.has(name);
    problems.add(install_error(
        "unknown_slot",
        graph ? "a graph part takes nothing at install" : "the program has no slot of this name",
        name, graph ? "give its parameters when compiling" : engine::suggest(name, known),
        std::string(what)));
  };
  for (const auto& [name, value] : options.config) check(name, "config");
  for (const auto& [name, value] : options.resources) check(name, "resources");
  for (const auto& [name, value] : options.components) check(name, "components");
}

Result<Tensor> initial_value(const Program& program, uint32_t index, uint64_t seed) {
  const CellInfo& cell = program.state().tables.cells[index];
  if (!cell.by_layout) return program.state().fills[index];
  BB_ASSIGN_OR_RETURN(Tensor params, program.initial_params(cell.slot, seed));
  return params.shape() == cell.shape ? params : params.reshaped(cell.shape);
}

}  // namespace

Result<Installation> install(const Program& program, InstallOptions options) {
  const Tables& tables = program.state().tables;
  engine::Problems problems;
  Installation out;
  out.site.plans = plans_of(program, options, problems);
  check_names(tables, options, problems);
  out.site.self = options.peer;
  out.site.seed = options.seed;
  out.site.lane = engine::lane_of(options.peer);
  out.site.cells.resize(tables.cells.size());
  out.site.parts.resize(tables.slots.size());
  PartMaker maker(program, options);
  for (const engine::Plan* plan : out.site.plans) {
    for (const uint32_t slot : plan->slots) {
      if (out.site.parts[slot].component != nullptr) continue;
      auto part = maker.make(tables.slots[slot]);
      if (part.ok()) {
        out.site.parts[slot] = std::move(*part);
      } else {
        problems.add(std::move(part).error());
      }
    }
    for (const uint32_t cell : plan->cells) {
      if (out.site.cells[cell].defined()) continue;
      BB_ASSIGN_OR_RETURN(out.site.cells[cell], initial_value(program, cell, options.seed));
    }
  }
  BB_RETURN_IF_ERROR(std::move(problems).status());
  out.targets = std::move(options.targets);
  return out;
}

}  // namespace bb::node
