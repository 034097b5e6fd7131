// Pass stamp: writes the metadata tables of the artifact and drops those of the recording.
#include "bb/base/config.h"
#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"
#include "bb/compiler/tables.h"

namespace bb::compiler {
namespace {

Config typed_names(const ir::Function& function, const std::vector<std::string>& names,
                   const std::vector<std::string>& values) {
  Config::List out;
  for (size_t i = 0; i < names.size(); ++i)
    out.push_back(Config::List{names[i], function.types.at(values[i]).text()});
  return out;
}

Config target_row(const ir::Function& function, const Config& frames) {
  std::map<std::string, std::string> name_of;
  for (const ir::Node& node : function.nodes)
    if (node.is(ir::domain::kFlow, "Output")) name_of[node.outputs[0]] = node.string_attr("name");
  std::vector<std::string> names;
  for (const std::string& value : function.outputs) names.push_back(name_of.at(value));
  return Config::Dict{{"inputs", typed_names(function, function.inputs, function.inputs)},
                      {"outputs", typed_names(function, names, function.outputs)},
                      {"frames", frames}};
}

struct CellRow {
  std::string type;
  Config value;
  std::set<std::string> targets;
};

Result<Config> cell_table(const ir::Model& model) {
  std::map<std::pair<std::string, std::string>, CellRow> cells;
  for (const ir::Function& function : model.functions) {
    for (const ir::Node& node : function.nodes) {
      if (node.domain != ir::domain::kState) continue;
      CellRow& row = cells[{node.string_attr("slot"), node.string_attr("cell")}];
      row.type = node.string_attr("type");
      row.targets.insert(function.name);
      row.value = Config("layout");
      if (node.string_attr("init") == "layout") continue;
      BB_ASSIGN_OR_RETURN(row.value, read_number(node, "init"));
    }
  }
  Config::List out;
  for (const auto& [key, row] : cells) {
    Config::List targets;
    for (const std::string& kind : row.targets) targets.emplace_back(kind);
    out.push_back(Config::Dict{{"slot", key.first},
                               {"cell", key.second},
                               {"type", row.type},
                               {"init", row.value},
                               {"targets", std::move(targets)}});
  }
  return Config(std::move(out));
}

/// The bindings of the slots in use, each with the kinds that need it.
Result<Config> binding_table(const ir::Model& model) {
  BB_ASSIGN_OR_RETURN(Config bindings, read_table(model, "bb.bindings"));
  BB_ASSIGN_OR_RETURN(const Config uses, read_table(model, "bb.uses"));
  Config::Dict out;
  for (const auto& [slot, kinds] : uses.as_dict()) {
    Config row = bindings.get(slot);
    row["targets"] = kinds;
    out[slot] = std::move(row);
  }
  return Config(std::move(out));
}

}  // namespace

Result<PassResult> run_stamp(ir::Model model) {
  BB_ASSIGN_OR_RETURN(const Config frames, read_table(model, "bb.frames"));
  Config::Dict targets;
  for (const ir::Function& function : model.functions)
    if (function.domain == ir::domain::kTarget)
      targets[function.name] = target_row(function, frames.get(function.name));
  ir::Meta meta;
  meta["bb.stage"] = "compiled";
  meta["bb.targets"] = Config(std::move(targets)).text();
  meta["bb.edges"] = model.meta.at("bb.edges");
  BB_ASSIGN_OR_RETURN(const Config bindings, binding_table(model));
  meta["bb.bindings"] = bindings.text();
  BB_ASSIGN_OR_RETURN(const Config cells, cell_table(model));
  meta["bb.cells"] = cells.text();
  for (const auto& [key, value] : model.meta)
    if (key.starts_with("bb.layout.")) meta[key] = value;
  model.meta = std::move(meta);
  return PassResult{std::move(model), true};
}

}  // namespace bb::compiler
