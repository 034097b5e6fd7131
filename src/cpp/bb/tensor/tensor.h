// Tensor: dtype, shape and a shared, immutable, 64-byte-aligned buffer; copies are O(1).
#pragma once

#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bb/base/error.h"

namespace bb {

/// Element types; the numbers are ONNX TensorProto.DataType.
enum class DType : int32_t {
  kUndefined = 0,
  kF32 = 1,
  kU8 = 2,
  kI32 = 6,
  kI64 = 7,
  kBool = 9,
  kF64 = 11
};
size_t size_of(DType dtype);            ///< bytes per element; 0 for kUndefined
std::string_view name_of(DType dtype);  ///< "float32", "int64", ...
Result<DType> dtype_named(std::string_view name);

using Shape = std::vector<int64_t>;
int64_t element_count(
    const Shape& shape);  ///< -1 when a dimension is negative or the product overflows
std::string text_of(const Shape& shape);  ///< "(32, 64)"

/// Reference-counted bytes, 64-byte aligned; foreign memory keeps its owner alive.
class Buffer {
 public:
  /// Uninitialised memory of `size` bytes.
  static std::shared_ptr<Buffer> allocate(size_t size);
  /// Borrows memory that `owner` keeps alive; never written to.
  static std::shared_ptr<Buffer> borrow(const void* data, size_t size, std::shared_ptr<void> owner);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  const std::byte* data() const { return data_; }
  std::byte* mutable_data() { return data_; }
  size_t size() const { return size_; }
  bool borrowed() const { return owner_ != nullptr; }

 private:
  Buffer() = default;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  std::shared_ptr<void> owner_;
};

/// A dense row-major tensor. A default Tensor is empty (undefined dtype).
class Tensor {
 public:
  Tensor() = default;
  Tensor(DType dtype, Shape shape);  ///< uninitialised
  Tensor(DType dtype, Shape shape, std::shared_ptr<Buffer> buffer, size_t offset_bytes = 0);
  static Tensor zeros(DType dtype, Shape shape);
  template <class T>
  static Tensor scalar(T value);
  template <class T>
  static Tensor of(Shape shape, std::span<const T> values);

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_ ? *shape_ : no_dimensions(); }
  int64_t size() const { return count_; }  ///< elements
  size_t bytes() const { return static_cast<size_t>(count_) * size_of(dtype_); }
  bool defined() const { return dtype_ != DType::kUndefined; }
  const std::byte* raw() const { return buffer_ ? buffer_->data() + offset_ : nullptr; }
  template <class T>
  const T* data() const {
    return reinterpret_cast<const T*>(raw());
  }
  template <class T>
  std::span<const T> view() const {
    return {data<T>(), static_cast<size_t>(count_)};
  }
  /// For writing; copies first when the buffer is shared or borrowed (copy-on-write).
  template <class T>
  T* mutable_data() {
    return reinterpret_cast<T*>(mutable_raw());
  }
  std::byte* mutable_raw();
  /// The same elements under another shape of equal count.
  Tensor reshaped(Shape shape) const;
  /// A view of `count` elements from `first`, flat.
  Tensor slice_flat(int64_t first, int64_t count, Shape shape) const;
  const std::shared_ptr<Buffer>& buffer() const { return buffer_; }
  size_t offset_bytes() const { return offset_; }
  /// Same dtype, shape and bytes.
  bool same_bytes(const Tensor& other) const;
  std::string text() const;  ///< "float32(32, 64)"

 private:
  static const Shape& no_dimensions();
  DType dtype_ = DType::kUndefined;
  int64_t count_ = 0;
  std::shared_ptr<const Shape> shape_;  ///< shared, so that copies of a tensor do not allocate
  std::shared_ptr<Buffer> buffer_;
  size_t offset_ = 0;
};

template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::kF32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::kF64;
}
template <>
constexpr DType dtype_of<int32_t>() {
  return DType::kI32;
}
template <>
constexpr DType dtype_of<int64_t>() {
  return DType::kI64;
}
template <>
constexpr DType dtype_of<uint8_t>() {
  return DType::kU8;
}
template <>
constexpr DType dtype_of<bool>() {
  return DType::kBool;
}

template <class T>
Tensor Tensor::scalar(T value) {
  return of<T>({}, std::span<const T>(&value, 1));
}
template <class T>
Tensor Tensor::of(Shape shape, std::span<const T> values) {
  Tensor out(dtype_of<T>(), std::move(shape));
  BB_CHECK(static_cast<size_t>(out.count_) == values.size());
  if (!values.empty()) std::memcpy(out.mutable_raw(), values.data(), values.size_bytes());
  return out;
}

}  // namespace bb
