// The op table, built once from ops.def.
#include "bb/ir/ops.h"

#include <map>
#include <utility>

#include "bb/ir/type_rules.h"

namespace bb::ir {
namespace {

AttrKind attr_kind(std::string_view name) {
  constexpr std::pair<std::string_view, AttrKind> kinds[] = {
      {"int", AttrKind::kInt},       {"float", AttrKind::kFloat},   {"string", AttrKind::kString},
      {"ints", AttrKind::kInts},     {"floats", AttrKind::kFloats}, {"strings", AttrKind::kStrings},
      {"tensor", AttrKind::kTensor},
  };
  for (const auto& [known, kind] : kinds)
    if (known == name) return kind;
  BB_CHECK(!"ops.def names an unknown attribute type");
  return AttrKind::kInt;
}

/// Reads "axis:int! keepdims:int".
std::vector<AttrSpec> parse_attrs(std::string_view list) {
  std::vector<AttrSpec> out;
  while (!list.empty()) {
    const size_t blank = std::min(list.find(' '), list.size());
    std::string_view item = list.substr(0, blank);
    list.remove_prefix(std::min(blank + 1, list.size()));
    const bool required = item.back() == '!';
    if (required) item.remove_suffix(1);
    const size_t colon = item.find(':');
    BB_CHECK(colon != std::string_view::npos);
    out.push_back({item.substr(0, colon), attr_kind(item.substr(colon + 1)), required});
  }
  return out;
}

OpInfo make_row(std::string_view domain, std::string_view name, int min_inputs, int max_inputs,
                int min_outputs, int outputs, std::string_view attrs, TypeRule rule,
                bool side_effect, std::string_view summary) {
  OpInfo row{domain, name,        min_inputs, max_inputs,  outputs,           {},
             rule,   side_effect, summary,    min_outputs, parse_attrs(attrs)};
  for (const AttrSpec& spec : row.attr_specs) row.attrs.push_back(spec.name);
  return row;
}

using Key = std::pair<std::string_view, std::string_view>;

std::map<Key, const OpInfo*> index_rows() {
  std::map<Key, const OpInfo*> out;
  for (const OpInfo& row : all_ops()) BB_CHECK(out.emplace(Key(row.domain, row.name), &row).second);
  return out;
}

}  // namespace

const std::vector<OpInfo>& all_ops() {
  static const std::vector<OpInfo> rows = {
#define BB_OP(in_domain, name, min_in, max_in, min_out, max_out, attrs, rule, side_effect,  \
              summary)                                                                      \
  make_row(domain::in_domain, #name, min_in, max_in, min_out, max_out, attrs, &rules::rule, \
           side_effect, summary),
#include "bb/ir/ops.def"
#undef BB_OP
  };
  return rows;
}

const OpInfo* find_op(std::string_view in_domain, std::string_view name) {
  static const std::map<Key, const OpInfo*> index = index_rows();
  const auto found = index.find(Key(in_domain, name));
  return found == index.end() ? nullptr : found->second;
}

bool is_call_domain(std::string_view in_domain) {
  return in_domain == domain::kModule || in_domain == domain::kPart ||
         in_domain == domain::kRegion || in_domain == domain::kEvaluate;
}

}  // namespace bb::ir
