// Readable text of functions and models, one node per line; explain() and golden tests show it.
#include <algorithm>
#include <charconv>

#include "bb/base/sha256.h"
#include "bb/ir/graph.h"
#include "bb/ir/onnx_versions.h"
#include "bb/ir/utf8.h"

namespace bb::ir {
namespace {

constexpr int64_t kShownElements = 8;  // longer tensors show their digest instead

bool plain_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_.#:/-@<>$+*").find(c) != std::string_view::npos;
}

std::string quoted(std::string_view text) { return '"' + escaped(text) + '"'; }

std::string name_text(const std::string& name) {
  if (name.empty()) return "_";
  if (name != "_" && std::all_of(name.begin(), name.end(), plain_char)) return name;
  return quoted(name);
}

template <class T>
std::string number_text(T value) {
  char buffer[32];
  const auto [end, status] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, end);
}

template <class T>
std::string elements_text(const Tensor& tensor) {
  std::string out;
  for (const T value : tensor.view<T>()) {
    if (!out.empty()) out += ", ";
    if constexpr (std::is_same_v<T, bool>)
      out += value ? "true" : "false";
    else if constexpr (std::is_floating_point_v<T>)
      out += number_text(value);
    else
      out += number_text(static_cast<int64_t>(value));
  }
  return out;
}

std::string short_elements(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::kF32:
      return elements_text<float>(tensor);
    case DType::kF64:
      return elements_text<double>(tensor);
    case DType::kI32:
      return elements_text<int32_t>(tensor);
    case DType::kI64:
      return elements_text<int64_t>(tensor);
    case DType::kU8:
      return elements_text<uint8_t>(tensor);
    case DType::kBool:
      return elements_text<bool>(tensor);
    case DType::kUndefined:
      break;
  }
  return {};
}

std::string tensor_text(const Tensor& tensor) {
  std::string out = Type::tensor(tensor.dtype(), tensor.shape()).text();
  if (tensor.size() <= kShownElements) return out + "{" + short_elements(tensor) + "}";
  const std::string_view bytes(reinterpret_cast<const char*>(tensor.raw()), tensor.bytes());
  return out + "{sha256 " + hex(sha256(bytes)).substr(0, 12) + "}";
}

struct AttrText {
  std::string operator()(int64_t value) const { return number_text(value); }
  std::string operator()(double value) const {
    const std::string out = number_text(value);
    const bool integral = out.find_first_not_of("-0123456789") == std::string::npos;
    return integral ? out + ".0" : out;
  }
  std::string operator()(const std::string& value) const { return quoted(value); }
  std::string operator()(const Tensor& value) const { return tensor_text(value); }
  template <class T>
  std::string operator()(const std::vector<T>& list) const {
    std::string out = "[";
    for (const T& value : list) out += (out.size() > 1 ? ", " : "") + (*this)(value);
    return out + "]";
  }
};

std::string short_domain(const std::string& domain) {
  if (domain.rfind(kOwnPrefix, 0) == 0) return domain.substr(kOwnPrefix.size());
  return domain;
}

std::string typed_name(const Function& function, const std::string& name) {
  const auto found = function.types.find(name);
  if (found == function.types.end()) return name_text(name);
  return name_text(name) + ": " + found->second.text();
}

std::string typed_list(const Function& function, const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names)
    out += (out.empty() ? "" : ", ") + typed_name(function, name);
  return out;
}

std::string meta_text(const Meta& meta) {
  std::string out;
  for (const auto& [key, value] : meta) out += ' ' + name_text(key) + '=' + name_text(value);
  return out;
}

std::string node_text(const Function& function, const Node& node) {
  std::string out = "  " + typed_list(function, node.outputs) + " = ";
  if (!node.domain.empty()) out += name_text(short_domain(node.domain)) + "::";
  out += name_text(node.op) + "(";
  for (size_t i = 0; i < node.inputs.size(); ++i)
    out += (i ? ", " : "") + name_text(node.inputs[i]);
  out += ")";
  for (const auto& [key, value] : node.attrs)
    out += ' ' + name_text(key) + '=' + std::visit(AttrText{}, value);
  if (!node.meta.empty()) out += "  #" + meta_text(node.meta);
  return out + "\n";
}

}  // namespace

std::string text(const Function& function) {
  std::string out = name_text(short_domain(function.domain)) + "::" + name_text(function.name) +
                    "(" + typed_list(function, function.inputs) + ") -> (" +
                    typed_list(function, function.outputs) + ") {";
  if (!function.meta.empty()) out += "  #" + meta_text(function.meta);
  out += "\n";
  for (const Node& node : function.nodes) out += node_text(function, node);
  return out + "}\n";
}

std::string text(const Model& model) {
  std::string out;
  for (const auto& [key, value] : model.meta)
    out += name_text(key) + " = " + name_text(value) + "\n";
  for (const Function& function : model.functions) {
    if (!out.empty()) out += "\n";
    out += text(function);
  }
  return out;
}

}  // namespace bb::ir
