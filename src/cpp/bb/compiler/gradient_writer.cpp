// The arithmetic half of Writer: nodes, constants, elementwise operators and matrix products.
#include "bb/compiler/gradient_writer.h"

#include "bb/ir/dims.h"

namespace bb::compiler {
namespace {

Dims broadcast(const Dims& a, const Dims& b) {
  const std::optional<Dims> dims = ir::broadcast_dims(a, b);
  BB_CHECK(dims.has_value());
  return *dims;
}

template <class T>
Tensor one(double value) {
  return Tensor::scalar<T>(static_cast<T>(value));
}

}  // namespace

bool surely_equal(const ir::Dim& a, const ir::Dim& b) {
  if (a.known() || b.known()) return a.value == b.value;
  return !a.symbol.empty() && a.symbol == b.symbol;
}

std::optional<Ints> known_dims(const Dims& dims) {
  Ints out;
  for (const ir::Dim& dim : dims) {
    if (!dim.known()) return std::nullopt;
    out.push_back(dim.value);
  }
  return out;
}

Ints all_axes(int64_t rank) {
  Ints axes;
  for (int64_t axis = 0; axis < rank; ++axis) axes.push_back(axis);
  return axes;
}

void Writer::begin(std::string stem, ir::Meta meta) {
  stem_ = std::move(stem);
  meta_ = std::move(meta);
}

std::string Writer::free_name(const std::string& wanted) const {
  std::string name = wanted;
  for (int next = 2; function_.types.contains(name); ++next)
    name = wanted + "." + std::to_string(next);
  return name;
}

const ir::Type& Writer::type(const std::string& value) const {
  const auto found = function_.types.find(value);
  BB_CHECK(found != function_.types.end());
  return found->second;
}

std::string Writer::emit(std::string op, std::vector<std::string> inputs, ir::Type type,
                         std::map<std::string, ir::Attr> attrs) {
  const std::string name = free_name(stem_ + ".grad." + op);
  function_.nodes.push_back({.name = name,
                             .domain = std::string(ir::domain::kOnnx),
                             .op = std::move(op),
                             .inputs = std::move(inputs),
                             .outputs = {name},
                             .attrs = std::move(attrs),
                             .meta = meta_});
  function_.types[name] = std::move(type);
  return name;
}

std::string Writer::constant(const Tensor& tensor) {
  constexpr size_t kSharedBytes = 256;  // larger constants are rarely equal
  if (tensor.bytes() > kSharedBytes)
    return emit("Constant", {}, ir::Type::tensor(tensor.dtype(), tensor.shape()),
                {{"value", tensor}});
  const std::string key =
      tensor.text() + std::string(reinterpret_cast<const char*>(tensor.raw()), tensor.bytes());
  std::string& name = constants_[key];
  if (name.empty())
    name =
        emit("Constant", {}, ir::Type::tensor(tensor.dtype(), tensor.shape()), {{"value", tensor}});
  return name;
}

std::string Writer::ints(const Ints& values) {
  return constant(
      Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, std::span<const int64_t>(values)));
}

std::string Writer::scalar(double value, DType dtype) {
  if (dtype == DType::kF32) return constant(one<float>(value));
  if (dtype == DType::kF64) return constant(one<double>(value));
  if (dtype == DType::kI32) return constant(one<int32_t>(value));
  BB_CHECK(dtype == DType::kI64);
  return constant(one<int64_t>(value));
}

std::string Writer::unary(std::string op, const std::string& x) {
  return emit(std::move(op), {x}, type(x));
}

std::string Writer::binary(std::string op, const std::string& a, const std::string& b) {
  return emit(std::move(op), {a, b}, ir::Type::tensor(dtype(a), broadcast(dims(a), dims(b))));
}

std::string Writer::compare(std::string op, const std::string& a, const std::string& b) {
  return emit(std::move(op), {a, b}, ir::Type::tensor(DType::kBool, broadcast(dims(a), dims(b))));
}

std::string Writer::where(const std::string& condition, const std::string& a,
                          const std::string& b) {
  const Dims shape = broadcast(dims(condition), broadcast(dims(a), dims(b)));
  return emit("Where", {condition, a, b}, ir::Type::tensor(dtype(a), shape));
}

std::string Writer::cast(const std::string& x, DType to) {
  if (dtype(x) == to) return x;
  return emit("Cast", {x}, ir::Type::tensor(to, dims(x)), {{"to", static_cast<int64_t>(to)}});
}

std::string Writer::gemm(const std::string& a, bool trans_a, const std::string& b, bool trans_b,
                         double alpha) {
  const Dims shape = {dims(a)[trans_a ? 1 : 0], dims(b)[trans_b ? 0 : 1]};
  const ir::Type result = ir::Type::tensor(dtype(a), shape);
  if (!trans_a && !trans_b && alpha == 1) return emit("MatMul", {a, b}, result);
  std::map<std::string, ir::Attr> attrs;
  if (alpha != 1) attrs["alpha"] = alpha;
  if (trans_a) attrs["transA"] = int64_t{1};
  if (trans_b) attrs["transB"] = int64_t{1};
  return emit("Gemm", {a, b}, result, std::move(attrs));
}

std::string Writer::matmul(const std::string& a, const std::string& b) {
  const Dims& left = dims(a);
  const Dims& right = dims(b);
  BB_CHECK(left.size() >= 2 && right.size() >= 2);
  Dims shape = broadcast(Dims(left.begin(), left.end() - 2), Dims(right.begin(), right.end() - 2));
  shape.push_back(left[left.size() - 2]);
  shape.push_back(right.back());
  return emit("MatMul", {a, b}, ir::Type::tensor(dtype(a), shape));
}

}  // namespace bb::compiler
