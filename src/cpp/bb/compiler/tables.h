// Tables of the program's metadata: bindings and parameter layouts, read with every type checked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bb/base/config.h"
#include "bb/ir/graph.h"

namespace bb::compiler {

/// A metadata value that is a JSON object. Errors: CompileError bad_table.
Result<Config> read_table(const ir::Model& model, const std::string& key);

/// The role that an operation's slot must have ("Model", "DataSource", …), or empty.
std::string_view role_of(const ir::Node& node);

/// One float parameter of a graph part; offset and count in elements of the flat buffer.
struct Parameter {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;
  Config init;
  int64_t offset = 0;
  int64_t count = 0;
  int64_t fan_in = 1;
  int64_t fan_out = 1;
};
/// All float parameters of a model slot, in declaration order.
struct Layout {
  std::vector<Parameter> parameters;
  int64_t size = 0;
  DType dtype = DType::kF32;
};
/// Reads `bb.layout` of `<slot>.forward`. Errors: CompileError bad_layout.
Result<Layout> read_layout(const ir::Model& model, const std::string& slot);
/// The artifact's table `bb.layout.<slot>`.
Config layout_table(const Layout& layout);

/// The part function `<slot>.<what>`, or null.
const ir::Function* part_of(const ir::Model& model, const std::string& slot, std::string_view what);

/// True when an ApplyDelta has a scale other than 1.
bool has_scale(const ir::Node& node);
/// A float64 written as text in full. Errors: CompileError bad_number.
Result<double> read_number(const ir::Node& node, const std::string& attr);

}  // namespace bb::compiler
