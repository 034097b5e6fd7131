// Text form of types, both ways.
#include "bb/ir/type.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "bb/base/descriptor.h"

namespace bb::ir {
namespace {

struct KindName {
  Kind kind;
  std::string_view name;
};
constexpr std::array<KindName, 7> kKindNames = {{{Kind::kAny, "any"},
                                                 {Kind::kTrigger, "trigger"},
                                                 {Kind::kPeer, "peer"},
                                                 {Kind::kPeers, "peers"},
                                                 {Kind::kArrived, "arrived"},
                                                 {Kind::kDecisions, "decisions"},
                                                 {Kind::kBytes, "bytes"}}};
constexpr std::array<std::string_view, 6> kDTypeNames = {"float32", "float64", "int32",
                                                         "int64",   "uint8",   "bool"};

Error bad_type(std::string_view text, std::string what, std::string hint) {
  return make_error(Fault::kCompile, "bad_type", std::move(what), std::string(text),
                    std::move(hint));
}

Result<Dim> parse_dim(std::string_view whole, std::string_view part) {
  if (part == "?") return Dim{};
  const char* end = part.data() + part.size();
  int64_t number = 0;
  const auto [stop, status] = std::from_chars(part.data(), end, number);
  if (!part.empty() && status == std::errc() && stop == end && number >= 0) return Dim{number, {}};
  if (legal_symbol(part)) return Dim{-1, std::string(part)};
  return bad_type(whole, "\"" + std::string(part) + "\" is no dimension",
                  "a dimension is a number >= 0, a symbol such as N, or ?");
}

Error unknown_name(std::string_view text, std::string_view name) {
  std::vector<std::string> names;
  for (const KindName& known : kKindNames) names.emplace_back(known.name);
  for (const std::string_view known : kDTypeNames) names.emplace_back(known);
  const std::string near = nearest(name, names);
  return bad_type(
      text, "no type is named \"" + std::string(name) + "\"",
      near.empty() ? "write a type such as float32[N,64]" : "did you mean \"" + near + "\"?");
}

}  // namespace

bool legal_symbol(std::string_view text) {
  if (text.empty() || text == "?" || text == "*" || text == "-") return false;
  if (text.front() >= '0' && text.front() <= '9') return false;
  if (text.front() == '-' || text.front() == '+') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != ',' && c != '[' && c != ']' && c != 0x7f;
  });
}

std::string_view name_of(Kind kind) {
  for (const KindName& known : kKindNames)
    if (known.kind == kind) return known.name;
  return "tensor";
}

std::optional<Kind> kind_named(std::string_view name) {
  for (const KindName& known : kKindNames)
    if (known.name == name) return known.kind;
  return std::nullopt;
}

std::string Dim::text() const {
  if (known()) return std::to_string(value);
  return symbol.empty() ? "?" : symbol;
}

Type Type::tensor(DType dtype, std::vector<Dim> shape) {
  return Type{Kind::kTensor, dtype, std::move(shape)};
}

Type Type::tensor(DType dtype, const Shape& shape) {
  std::vector<Dim> dims;
  for (const int64_t size : shape) dims.push_back(Dim{size, {}});
  return tensor(dtype, std::move(dims));
}

Type Type::of(Kind kind) { return Type{kind, DType::kUndefined, std::nullopt}; }

bool Type::complete() const {
  if (kind != Kind::kTensor) return kind != Kind::kAny;
  if (dtype == DType::kUndefined || !shape) return false;
  return std::all_of(shape->begin(), shape->end(),
                     [](const Dim& dim) { return dim.known() || !dim.symbol.empty(); });
}

std::string Type::text() const {
  if (kind != Kind::kTensor) return std::string(name_of(kind));
  std::string out(dtype == DType::kUndefined ? "tensor" : bb::name_of(dtype));
  if (!shape) return out + "[*]";
  out += '[';
  for (size_t i = 0; i < shape->size(); ++i) {
    if (i) out += ',';
    out += (*shape)[i].text();
  }
  return out + ']';
}

Result<Type> Type::parse(std::string_view text) {
  if (const std::optional<Kind> kind = kind_named(text)) return Type::of(*kind);
  const size_t open = text.find('[');
  const std::string_view name = text.substr(0, open);
  DType dtype = DType::kUndefined;
  if (name != "tensor") {
    if (std::find(kDTypeNames.begin(), kDTypeNames.end(), name) == kDTypeNames.end())
      return unknown_name(text, name);
    dtype = *dtype_named(name);
  }
  if (open == std::string_view::npos || text.back() != ']')
    return bad_type(text, "a tensor type needs its shape in brackets",
                    "write float32[] for one number");
  const std::string_view inside = text.substr(open + 1, text.size() - open - 2);
  if (inside == "*") return Type{Kind::kTensor, dtype, std::nullopt};
  std::vector<Dim> dims;
  for (size_t from = 0; !inside.empty() && from <= inside.size();) {
    const size_t comma = std::min(inside.find(',', from), inside.size());
    BB_ASSIGN_OR_RETURN(Dim dim, parse_dim(text, inside.substr(from, comma - from)));
    dims.push_back(std::move(dim));
    from = comma + 1;
  }
  return Type::tensor(dtype, std::move(dims));
}

}  // namespace bb::ir
