// Buffers and tensors: shared memory, views of it, and copy-on-write.
#include "bb/tensor/tensor.h"

#include "bb/tensor/arena.h"

namespace bb {

std::shared_ptr<Buffer> Buffer::allocate(size_t size) {
  struct Shared : Buffer {};  // make_shared needs a type it may construct
  auto buffer = std::make_shared<Shared>();
  buffer->data_ = arena::acquire(size);
  buffer->size_ = size;
  return buffer;
}

std::shared_ptr<Buffer> Buffer::borrow(const void* data, size_t size, std::shared_ptr<void> owner) {
  BB_CHECK(owner != nullptr);
  struct Shared : Buffer {};
  auto buffer = std::make_shared<Shared>();
  // Never written to: mutable_raw copies a borrowed buffer first.
  buffer->data_ = const_cast<std::byte*>(static_cast<const std::byte*>(data));
  buffer->size_ = size;
  buffer->owner_ = std::move(owner);
  return buffer;
}

Buffer::~Buffer() {
  if (!borrowed() && data_ != nullptr) arena::release(data_, size_);
}

Tensor::Tensor(DType dtype, Shape shape)
    : dtype_(dtype),
      count_(element_count(shape)),
      shape_(std::make_shared<const Shape>(std::move(shape))) {
  BB_CHECK(dtype_ != DType::kUndefined && count_ >= 0);
  buffer_ = Buffer::allocate(bytes());
}

Tensor::Tensor(DType dtype, Shape shape, std::shared_ptr<Buffer> buffer, size_t offset_bytes)
    : dtype_(dtype),
      count_(element_count(shape)),
      shape_(std::make_shared<const Shape>(std::move(shape))),
      buffer_(std::move(buffer)),
      offset_(offset_bytes) {
  BB_CHECK(dtype_ != DType::kUndefined && count_ >= 0 && buffer_ != nullptr);
  BB_CHECK(offset_ <= buffer_->size() && bytes() <= buffer_->size() - offset_);
}

const Shape& Tensor::no_dimensions() {
  static const Shape none;
  return none;
}

Tensor Tensor::zeros(DType dtype, Shape shape) {
  Tensor out(dtype, std::move(shape));
  if (out.bytes() > 0) std::memset(out.mutable_raw(), 0, out.bytes());
  return out;
}

std::byte* Tensor::mutable_raw() {
  if (buffer_ == nullptr) return nullptr;
  if (buffer_.use_count() > 1 || buffer_->borrowed()) {
    auto copy = Buffer::allocate(bytes());
    if (bytes() > 0) std::memcpy(copy->mutable_data(), raw(), bytes());
    buffer_ = std::move(copy);
    offset_ = 0;
  } else {
    // Taking and dropping a reference orders our writes after the reads of owners on other threads.
    const std::shared_ptr<Buffer> pin = buffer_;
  }
  return buffer_->mutable_data() + offset_;
}

Tensor Tensor::reshaped(Shape shape) const {
  BB_CHECK(defined() && element_count(shape) == count_);
  Tensor out = *this;
  out.shape_ = std::make_shared<const Shape>(std::move(shape));
  return out;
}

Tensor Tensor::slice_flat(int64_t first, int64_t count, Shape shape) const {
  BB_CHECK(defined() && first >= 0 && count >= 0 && first <= count_ && count <= count_ - first);
  BB_CHECK(element_count(shape) == count);
  return Tensor(dtype_, std::move(shape), buffer_,
                offset_ + static_cast<size_t>(first) * size_of(dtype_));
}

bool Tensor::same_bytes(const Tensor& other) const {
  if (dtype_ != other.dtype_ || shape() != other.shape()) return false;
  return bytes() == 0 || raw() == other.raw() || std::memcmp(raw(), other.raw(), bytes()) == 0;
}

std::string Tensor::text() const { return std::string(name_of(dtype_)) + text_of(shape()); }

}  // namespace bb
