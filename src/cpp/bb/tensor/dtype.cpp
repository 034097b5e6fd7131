// Names and sizes of element types; counts and text of shapes.
#include <array>

#include "bb/base/descriptor.h"
#include "bb/tensor/tensor.h"

namespace bb {
namespace {

constexpr std::array kAll = {DType::kF32, DType::kF64, DType::kI32,
                             DType::kI64, DType::kU8,  DType::kBool};

}  // namespace

size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::kUndefined:
      return 0;
    case DType::kF32:
      return 4;
    case DType::kU8:
      return 1;
    case DType::kI32:
      return 4;
    case DType::kI64:
      return 8;
    case DType::kBool:
      return 1;
    case DType::kF64:
      return 8;
  }
  return 0;
}

std::string_view name_of(DType dtype) {
  switch (dtype) {
    case DType::kUndefined:
      return "undefined";
    case DType::kF32:
      return "float32";
    case DType::kU8:
      return "uint8";
    case DType::kI32:
      return "int32";
    case DType::kI64:
      return "int64";
    case DType::kBool:
      return "bool";
    case DType::kF64:
      return "float64";
  }
  return "undefined";
}

Result<DType> dtype_named(std::string_view name) {
  std::vector<std::string> names;
  for (const DType dtype : kAll) {
    if (name_of(dtype) == name) return dtype;
    names.emplace_back(name_of(dtype));
  }
  const std::string near = nearest(name, names);
  return make_error(Fault::kConfig, "unknown_dtype", "no element type has this name",
                    std::string(name),
                    near.empty() ? "use float32, float64, int32, int64, uint8 or bool"
                                 : "did you mean \"" + near + "\"?");
}

int64_t element_count(const Shape& shape) {
  bool empty = false;
  for (const int64_t dim : shape) {
    if (dim < 0) return -1;
    empty = empty || dim == 0;
  }
  if (empty) return 0;
  int64_t count = 1;
  for (const int64_t dim : shape)
    if (__builtin_mul_overflow(count, dim, &count)) return -1;
  return count;
}

std::string text_of(const Shape& shape) {
  std::string out = "(";
  for (size_t i = 0; i < shape.size(); ++i) out += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return out + ")";
}

}  // namespace bb
