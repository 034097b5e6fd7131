// Kernels read and write nothing outside their arrays: every array ends, or begins, at a guard
// page.
#include <sys/mman.h>
#include <unistd.h>

#include <memory>

#include "kernels/support.h"

namespace bb::kernels::testing {
namespace {

/// An array whose last element is followed, or whose first is preceded, by a page without access.
template <class T>
class Guarded {
 public:
  Guarded(const std::vector<T>& values, bool at_end) : count_(values.size()) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t bytes = count_ * sizeof(T);
    const size_t inner = (bytes + page - 1) / page * page;
    size_ = inner + 2 * page;
    base_ = static_cast<char*>(
        mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base_, page, PROT_NONE);
    mprotect(base_ + page + inner, page, PROT_NONE);
    data_ = reinterpret_cast<T*>(base_ + page + (at_end ? inner - bytes : 0));
    std::copy(values.begin(), values.end(), data_);
  }
  ~Guarded() { munmap(base_, size_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  T* get() { return data_; }
  std::vector<T> values() const { return std::vector<T>(data_, data_ + count_); }

 private:
  size_t count_;
  size_t size_;
  char* base_;
  T* data_;
};

template <class T>
class Bounds : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Bounds, Types);

TYPED_TEST(Bounds, products_stay_inside_for_every_transposition) {
  using T = TypeParam;
  for (const bool at_end : {false, true}) {
    for (const bool trans_a : {false, true}) {
      for (const bool trans_b : {false, true}) {
        for (const size_t n : {1, 7, 10, 17, 64, 100}) {
          const size_t m = 33, k = n == 100 ? 130 : 13;
          const GemmShape shape = {.m = m,
                                   .n = n,
                                   .k = k,
                                   .trans_a = trans_a,
                                   .trans_b = trans_b,
                                   .lda = trans_a ? m : k,
                                   .ldb = trans_b ? k : n,
                                   .ldc = n};
          Guarded<T> a(normal_values<T>(m * k, 1), at_end), b(normal_values<T>(k * n, 2), at_end);
          Guarded<T> bias(normal_values<T>(n, 3), at_end);
          const size_t bytes = gemm_scratch_bytes(shape, sizeof(T));
          Guarded<uint8_t> scratch(std::vector<uint8_t>(bytes), at_end);
          on_every_isa([&](const Table& t) {
            Guarded<T> c(std::vector<T>(m * n), at_end);
            BB_BY_TYPE(T, t, gemm)
            (shape, a.get(), b.get(), bias.get(), c.get(), scratch.get());
            return c.values();
          });
        }
      }
    }
  }
}

TYPED_TEST(Bounds, elementwise_kernels_and_reductions_stay_inside) {
  using T = TypeParam;
  for (const bool at_end : {false, true}) {
    for (const size_t n : kSizes) {
      Guarded<T> x(awkward_values<T>(n, 1), at_end), y(awkward_values<T>(n, 2), at_end);
      on_every_isa([&](const Table& t) {
        Guarded<T> out(std::vector<T>(n), at_end);
        BB_BY_TYPE(T, t, binary)
        (BinaryOp::kAdd, {x.get(), 0, 1}, {y.get(), 0, 1}, out.get(), 1, n);
        BB_BY_TYPE(T, t, axpy_fused)(T(2), x.get(), out.get(), n);
        BB_BY_TYPE(T, t, unary)(UnaryOp::kExp, out.get(), out.get(), n);
        return out.values();
      });
      on_every_isa([&](const Table& t) {
        Guarded<T> out(std::vector<T>(2 * n + 2), at_end);
        BB_BY_TYPE(T, t, softmax)(x.get(), out.get() + 2, 1, n);
        BB_BY_TYPE(T, t, sum_cols)(x.get(), 1, n, n, out.get() + 2 + n);
        BB_BY_TYPE(T, t, max_rows)(x.get(), 1, n, n, out.get());
        out.get()[1] = static_cast<T>(BB_BY_TYPE(T, t, dot)(x.get(), y.get(), n));
        return out.values();
      });
    }
  }
}

TYPED_TEST(Bounds, row_kernels_stay_inside_their_columns) {
  using T = TypeParam;
  for (const bool at_end : {false, true}) {
    for (const size_t n : {1, 6, 33, 70}) {
      for (const size_t d : {1, 5, 9, 16, 31, 70, 1100}) {
        std::vector<std::unique_ptr<Guarded<T>>> rows;
        std::vector<const T*> pointers;
        for (size_t i = 0; i < n; ++i) {
          rows.push_back(std::make_unique<Guarded<T>>(awkward_values<T>(d, i, false), at_end));
          pointers.push_back(rows.back()->get());
        }
        const size_t bytes = columns_scratch_bytes(n, sizeof(T));
        Guarded<uint8_t> scratch(std::vector<uint8_t>(bytes), at_end);
        const auto weights = normal_values<T>(n, 5);
        on_every_isa([&](const Table& t) {
          std::vector<T> all;
          const auto keep = [&](auto call) {
            Guarded<T> out(std::vector<T>(d), at_end);
            call(out.get());
            for (const T v : out.values()) all.push_back(v);
          };
          const T* const* p = pointers.data();
          keep([&](T* y) { BB_BY_TYPE(T, t, median_cols)(p, n, 0, d, y, scratch.get()); });
          keep([&](T* y) {
            BB_BY_TYPE(T, t, trimmed_mean_cols)(p, n, (n - 1) / 2, 0, d, y, scratch.get());
          });
          keep([&](T* y) { BB_BY_TYPE(T, t, combine_rows)(p, weights.data(), n, 0, d, y); });
          keep([&](T* y) { BB_BY_TYPE(T, t, mean_rows_of)(p, n, 0, d, y); });
          keep([&](T* y) { BB_BY_TYPE(T, t, mean_std_cols)(p, n, 0, d, y, nullptr); });
          std::vector<double> acc(n * n);
          BB_BY_TYPE(T, t, distances)(p, n, 0, d, acc.data());
          for (const double v : acc) all.push_back(static_cast<T>(v));
          return all;
        });
      }
    }
  }
}

}  // namespace
}  // namespace bb::kernels::testing
