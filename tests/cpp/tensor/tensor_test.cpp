// Tests dtypes, shapes, buffers and the copy-on-write of tensors.
#include "bb/tensor/tensor.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <thread>

namespace bb {
namespace {

Tensor counting(Shape shape) {
  Tensor out(DType::kF32, std::move(shape));
  float* data = out.mutable_data<float>();
  for (int64_t i = 0; i < out.size(); ++i) data[i] = static_cast<float>(i);
  return out;
}

TEST(DType, NamesAndSizesGoTogether) {
  for (const DType dtype :
       {DType::kF32, DType::kU8, DType::kI32, DType::kI64, DType::kBool, DType::kF64}) {
    EXPECT_EQ(*dtype_named(name_of(dtype)), dtype);
    EXPECT_GT(size_of(dtype), 0u);
  }
  EXPECT_EQ(size_of(DType::kUndefined), 0u);
  EXPECT_EQ(size_of(static_cast<DType>(10)), 0u);
  EXPECT_FALSE(dtype_named("undefined").ok());
  EXPECT_EQ(dtype_named("flaot32").error().hint, "did you mean \"float32\"?");
}

TEST(Shape, CountsElementsOrSaysItCannot) {
  const int64_t big = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(element_count({32, 64}), 2048);
  EXPECT_EQ(element_count({3, 0}), 0);
  EXPECT_EQ(element_count({big, big, 0}), 0);
  EXPECT_EQ(element_count({big, 2}), -1);
  EXPECT_EQ(element_count({0, -1}), -1);
  EXPECT_EQ(text_of(Shape{32, 64}), "(32, 64)");
  EXPECT_EQ(text_of(Shape{}), "()");
}

TEST(Buffer, IsAlignedForEverySize) {
  for (const size_t size : {0u, 1u, 63u, 64u, 4097u, 32767u, 32768u, 1000000u, 5000000u}) {
    const auto buffer = Buffer::allocate(size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->data()) % 64, 0u) << size;
    EXPECT_EQ(buffer->size(), size);
    EXPECT_FALSE(buffer->borrowed());
    std::memset(buffer->mutable_data(), 7, size);
  }
}

TEST(Buffer, BorrowedMemoryKeepsItsOwner) {
  auto owner = std::make_shared<std::array<float, 3>>(std::array<float, 3>{1, 2, 3});
  const std::weak_ptr<std::array<float, 3>> watch = owner;
  auto buffer = Buffer::borrow(owner->data(), sizeof(*owner), owner);
  owner.reset();
  ASSERT_FALSE(watch.expired());
  buffer.reset();
  EXPECT_TRUE(watch.expired());
}

TEST(Tensor, DefaultIsUndefined) {
  const Tensor tensor;
  EXPECT_FALSE(tensor.defined());
  EXPECT_EQ(tensor.bytes(), 0u);
  EXPECT_EQ(tensor.raw(), nullptr);
  EXPECT_TRUE(tensor.same_bytes(Tensor()));
}

TEST(Tensor, MakersFillElements) {
  const Tensor zeros = Tensor::zeros(DType::kI64, {2, 3});
  for (const int64_t value : zeros.view<int64_t>()) EXPECT_EQ(value, 0);
  const Tensor scalar = Tensor::scalar(2.5);
  EXPECT_EQ(scalar.dtype(), DType::kF64);
  EXPECT_EQ(scalar.text(), "float64()");
  EXPECT_EQ(scalar.view<double>()[0], 2.5);
  const std::array<int32_t, 4> values = {1, 2, 3, 4};
  const Tensor listed = Tensor::of<int32_t>({2, 2}, values);
  EXPECT_EQ(listed.text(), "int32(2, 2)");
  EXPECT_EQ(listed.view<int32_t>()[3], 4);
}

TEST(Tensor, WritingASharedTensorCopiesFirst) {
  Tensor a = counting({4});
  const std::byte* before = a.raw();
  Tensor b = a;
  EXPECT_EQ(b.raw(), before);
  b.mutable_data<float>()[0] = 9;
  EXPECT_EQ(a.raw(), before);
  EXPECT_EQ(a.view<float>()[0], 0);
  EXPECT_EQ(b.view<float>()[0], 9);
  EXPECT_EQ(b.view<float>()[3], 3);
  const std::byte* alone = b.raw();
  b.mutable_data<float>()[1] = 8;
  EXPECT_EQ(b.raw(), alone);
}

TEST(Tensor, WritingBorrowedMemoryCopiesFirst) {
  auto owner = std::make_shared<std::array<float, 3>>(std::array<float, 3>{1, 2, 3});
  Tensor tensor(DType::kF32, {3}, Buffer::borrow(owner->data(), sizeof(*owner), owner));
  tensor.mutable_data<float>()[0] = 9;
  EXPECT_EQ((*owner)[0], 1);
  EXPECT_EQ(tensor.view<float>()[0], 9);
  EXPECT_EQ(tensor.view<float>()[2], 3);
}

TEST(Tensor, WritingAViewLeavesTheWholeAlone) {
  const Tensor whole = counting({4, 3});
  Tensor row = whole.slice_flat(3, 3, {3});
  EXPECT_EQ(row.view<float>()[0], 3);
  EXPECT_EQ(row.offset_bytes(), 12u);
  row.mutable_data<float>()[0] = 9;
  EXPECT_EQ(whole.view<float>()[3], 3);
  EXPECT_EQ(row.offset_bytes(), 0u);
  EXPECT_EQ(row.view<float>()[2], 5);
  const Tensor empty = whole.slice_flat(12, 0, {0});
  EXPECT_EQ(empty.size(), 0);
}

TEST(Tensor, ReshapingSharesElements) {
  const Tensor tensor = counting({4, 3});
  const Tensor flat = tensor.reshaped({12});
  EXPECT_EQ(flat.raw(), tensor.raw());
  EXPECT_EQ(flat.text(), "float32(12)");
  EXPECT_FALSE(flat.same_bytes(tensor));
  EXPECT_TRUE(flat.reshaped({4, 3}).same_bytes(tensor));
}

TEST(Tensor, SameBytesComparesKindShapeAndBits) {
  const Tensor a = counting({3});
  Tensor b = counting({3});
  EXPECT_TRUE(a.same_bytes(b));
  b.mutable_data<float>()[0] = -0.0f;
  EXPECT_FALSE(a.same_bytes(b));
  EXPECT_TRUE(Tensor(DType::kF32, {0}).same_bytes(Tensor(DType::kF32, {0})));
  EXPECT_FALSE(Tensor(DType::kF32, {0}).same_bytes(Tensor(DType::kF64, {0})));
}

TEST(Tensor, CopiesMayBeWrittenOnSeveralThreads) {
  const Tensor shared = counting({1000});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([copy = shared, t]() mutable {
      for (int round = 0; round < 100; ++round) {
        Tensor mine = copy;
        mine.mutable_data<float>()[0] = static_cast<float>(t);
        copy = mine;
      }
      EXPECT_EQ(copy.view<float>()[0], static_cast<float>(t));
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(shared.view<float>()[0], 0);
}

TEST(TensorDeathTest, BrokenViewsStopTheProcess) {
  const Tensor tensor = counting({4});
  EXPECT_DEATH(tensor.reshaped({5}), "broken invariant");
  EXPECT_DEATH(tensor.slice_flat(2, 3, {3}), "broken invariant");
  EXPECT_DEATH(Tensor(DType::kF32, {-1}), "broken invariant");
  EXPECT_DEATH(Tensor(DType::kF64, {4}, tensor.buffer()), "broken invariant");
}

}  // namespace
}  // namespace bb
