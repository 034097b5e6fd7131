// Reading of metadata tables; nothing in them is trusted.
#include "bb/compiler/tables.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include "bb/compiler/rewrite.h"

namespace bb::compiler {
namespace {

/// Elements of one flat buffer; more does not fit a message or a machine this runs on.
constexpr int64_t kMaxElements = int64_t{1} << 34;

Error bad_layout(const std::string& slot, std::string message, std::string value = {}) {
  return make_error(Fault::kCompile, "bad_layout", std::move(message), std::move(value),
                    "declare parameters with bb.Parameter(shape, init=...)", slot);
}

bool legal_init(const Config& init) {
  if (init.is_string())
    return init.as_string() == "he" || init.as_string() == "zero" || init.as_string() == "glorot";
  return init.is_dict() && init.as_dict().size() == 1 && init.get("fill").is_number() &&
         std::isfinite(init.get("fill").as_number());
}

/// Rows by columns of a matrix; convolution weights are (out, in, kernel…).
void set_fans(Parameter& parameter) {
  const Shape& shape = parameter.shape;
  if (shape.empty()) return;
  if (shape.size() == 1) {
    parameter.fan_in = parameter.fan_out = shape[0];
  } else if (shape.size() == 2) {
    parameter.fan_in = shape[0];
    parameter.fan_out = shape[1];
  } else {
    const int64_t field = parameter.count / (shape[0] * shape[1]);
    parameter.fan_in = shape[1] * field;
    parameter.fan_out = shape[0] * field;
  }
}

Result<Parameter> read_parameter(const std::string& slot, const Config& row) {
  Parameter out;
  const Config& name = row.get("name");
  if (!name.is_string() || name.as_string().empty())
    return bad_layout(slot, "a parameter has no name", row.text());
  out.name = name.as_string();
  const Config& dtype = row.get("dtype");
  if (dtype.is_string() && dtype.as_string() == "float64") {
    out.dtype = DType::kF64;
  } else if (!dtype.is_string() || dtype.as_string() != "float32") {
    return bad_layout(slot, "parameter \"" + out.name + "\" is not float32 or float64",
                      dtype.text());
  }
  if (!row.get("shape").is_list())
    return bad_layout(slot, "parameter \"" + out.name + "\" has no shape", row.text());
  out.count = 1;
  for (const Config& dim : row.get("shape").as_list()) {
    if (!dim.is_int() || dim.as_int() < 1 || dim.as_int() > kMaxElements / out.count)
      return bad_layout(slot, "parameter \"" + out.name + "\" has an illegal shape",
                        row.get("shape").text());
    out.shape.push_back(dim.as_int());
    out.count *= dim.as_int();
  }
  out.init = row.get("init");
  if (!legal_init(out.init))
    return bad_layout(slot, "parameter \"" + out.name + "\" has an unknown init", out.init.text());
  set_fans(out);
  return out;
}

}  // namespace

Result<Config> read_table(const ir::Model& model, const std::string& key) {
  const std::string& text = meta_of(model.meta, key);
  Result<Config> table = Config::parse(text.empty() ? "{}" : text);
  if (!table.ok() || !table->is_dict())
    return make_error(Fault::kCompile, "bad_table", "the metadata table is not a JSON object",
                      text.substr(0, 80), "record the program again", key);
  return table;
}

std::string_view role_of(const ir::Node& node) {
  if (node.domain == ir::domain::kModel) return "Model";
  if (node.domain == ir::domain::kData) return "DataSource";
  if (node.domain == ir::domain::kPeers) return "PeerSelector";
  if (node.domain == ir::domain::kAggregate) return "Aggregator";
  return {};
}

Result<Layout> read_layout(const ir::Model& model, const std::string& slot) {
  const ir::Function* forward = part_of(model, slot, "forward");
  if (forward == nullptr) return bad_layout(slot, "the model has no forward function");
  const Result<Config> rows = Config::parse(meta_of(forward->meta, "bb.layout"));
  if (!rows.ok() || !rows->is_list()) return bad_layout(slot, "the model has no layout table");
  Layout out;
  std::set<std::string> names;
  for (const Config& row : rows->as_list()) {
    BB_ASSIGN_OR_RETURN(Parameter parameter, read_parameter(slot, row));
    if (!names.insert(parameter.name).second)
      return bad_layout(slot, "two parameters have one name", parameter.name);
    if (!out.parameters.empty() && parameter.dtype != out.dtype)
      return bad_layout(slot, "all parameters of a model have one dtype", parameter.name);
    out.dtype = parameter.dtype;
    parameter.offset = out.size;
    out.size += parameter.count;
    if (out.size > kMaxElements) return bad_layout(slot, "the model has too many parameters");
    out.parameters.push_back(std::move(parameter));
  }
  if (out.parameters.empty()) return bad_layout(slot, "the model has no parameters");
  if (forward->inputs.size() != out.parameters.size() + 1 || forward->outputs.size() != 1)
    return bad_layout(slot, "forward takes x and every parameter, and gives logits",
                      std::to_string(forward->inputs.size()) + " inputs");
  return out;
}

Config layout_table(const Layout& layout) {
  Config::List rows;
  for (const Parameter& parameter : layout.parameters) {
    Config::List shape;
    for (const int64_t dim : parameter.shape) shape.emplace_back(dim);
    rows.push_back(Config::Dict{{"name", parameter.name},
                                {"dtype", std::string(name_of(parameter.dtype))},
                                {"shape", std::move(shape)},
                                {"offset", parameter.offset},
                                {"init", parameter.init},
                                {"fan_in", parameter.fan_in},
                                {"fan_out", parameter.fan_out}});
  }
  return rows;
}

const ir::Function* part_of(const ir::Model& model, const std::string& slot,
                            std::string_view what) {
  return model.find(ir::domain::kPart, slot + "." + std::string(what));
}

bool has_scale(const ir::Node& node) {
  const Result<double> scale = read_number(node, "scale");
  return node.attr("scale") != nullptr && !(scale.ok() && *scale == 1.0);
}

Result<double> read_number(const ir::Node& node, const std::string& attr) {
  const std::string text = node.string_attr(attr);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return node_error(node, "bad_number", "\"" + attr + "\" is not a finite number", text,
                      "give a finite number");
  return value;
}

}  // namespace bb::compiler
