// Follows the integers in shape vectors, so that Reshape(x, Concat(Shape(y), …)) has a known shape.
#include <algorithm>

#include "bb/ir/type_rules.h"

namespace bb::ir {
namespace {

using Integers = std::vector<SymbolicInt>;
constexpr size_t kMaxLength = 64;  // longer integer tensors are data, not shapes

std::optional<Integers> of_shape(const TypeContext& context) {
  const Type& type = context.inputs[0];
  if (!type.shape) return std::nullopt;
  const auto rank = static_cast<int64_t>(type.shape->size());
  const auto at = [&](const char* key, int64_t fallback) {
    const int64_t given = context.node.int_attr(key, fallback);
    return std::clamp<int64_t>(given < 0 ? given + rank : given, 0, rank);
  };
  Integers out;
  for (int64_t i = at("start", 0); i < at("end", rank); ++i)
    out.push_back(integer_of((*type.shape)[static_cast<size_t>(i)]));
  return out;
}

std::optional<Integers> of_concat(const TypeContext& context) {
  Integers out;
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    const std::optional<Integers> part = known_integers(context, i);
    if (!part) return std::nullopt;
    out.insert(out.end(), part->begin(), part->end());
  }
  return out;
}

std::optional<Integers> of_gather(const TypeContext& context) {
  const std::optional<Integers> data = known_integers(context, 0);
  const std::optional<Integers> indices = known_integers(context, 1);
  if (!data || !indices) return std::nullopt;
  const auto size = static_cast<int64_t>(data->size());
  Integers out;
  for (const SymbolicInt& index : *indices) {
    if (!index.is_number() || index.number < -size || index.number >= size) return std::nullopt;
    out.push_back(
        (*data)[static_cast<size_t>(index.number < 0 ? index.number + size : index.number)]);
  }
  return out;
}

/// The one number in constant input i, or `fallback` when the input is absent.
std::optional<int64_t> single(const TypeContext& context, size_t i, int64_t fallback) {
  if (!has_input(context, i)) return fallback;
  const std::optional<Integers> values = known_integers(context, i);
  if (!values || values->size() != 1 || !values->front().is_number()) return std::nullopt;
  return values->front().number;
}

std::optional<Integers> of_slice(const TypeContext& context) {
  const std::optional<Integers> data = known_integers(context, 0);
  const std::optional<int64_t> start = single(context, 1, 0), end = single(context, 2, 0),
                               step = single(context, 4, 1);
  if (!data || !start || !end || step != 1) return std::nullopt;
  const auto size = static_cast<int64_t>(data->size());
  const auto clamped = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size);
  };
  const int64_t from = clamped(*start), to = std::max(from, clamped(*end));
  return Integers(data->begin() + from, data->begin() + to);
}

std::optional<Integers> of_size(const TypeContext& context) {
  if (!context.inputs[0].shape) return std::nullopt;
  return Integers{integer_of(dim_product(*context.inputs[0].shape))};
}

std::optional<Integers> computed(const TypeContext& context) {
  const std::string& op = context.node.op;
  if (op == "Shape") return of_shape(context);
  if (op == "Size") return of_size(context);
  if (op == "Concat") return of_concat(context);
  if (op == "Gather") return of_gather(context);
  if (op == "Slice") return of_slice(context);
  if (op == "Identity" || op == "Cast" || op == "Squeeze" || op == "Unsqueeze" || op == "Reshape")
    return known_integers(context, 0);
  return std::nullopt;
}

}  // namespace

std::optional<Integers> integer_output(const TypeContext& context, const Type& output) {
  const bool small = context.node.is_onnx() && output.is_tensor() && kIndices.has(output.dtype) &&
                     output.shape && output.shape->size() <= 1;
  if (!small) return std::nullopt;
  const Dim length = output.shape->empty() ? Dim{1, {}} : output.shape->front();
  std::optional<Integers> out = computed(context);
  if (!out || out->size() > kMaxLength || static_cast<int64_t>(out->size()) != length.value)
    return std::nullopt;
  return out;
}

}  // namespace bb::ir
