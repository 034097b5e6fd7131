// The matrix product against a plain loop of fused multiply-adds: equal to the bit, on every ISA.
#include "bb/kernels/gemm.h"

#include "kernels/support.h"

namespace bb::kernels::testing {
namespace {

template <class T>
auto gemm_of(const Table& table) {
  if constexpr (sizeof(T) == 4) {
    return table.gemm_f32;
  } else {
    return table.gemm_f64;
  }
}

template <class T>
struct Problem {
  GemmShape shape;
  std::vector<T> a, b, bias, c;

  Problem(size_t m, size_t n, size_t k, bool trans_a, bool trans_b, size_t pad) {
    const size_t a_rows = trans_a ? k : m;
    const size_t b_rows = trans_b ? n : k;
    shape = {.m = m,
             .n = n,
             .k = k,
             .trans_a = trans_a,
             .trans_b = trans_b,
             .lda = (trans_a ? m : k) + pad,
             .ldb = (trans_b ? k : n) + pad,
             .ldc = n + pad};
    a = normal_values<T>(a_rows * shape.lda, 1);
    b = normal_values<T>(b_rows * shape.ldb, 2);
    bias = normal_values<T>(n, 3);
    c = normal_values<T>(m * shape.ldc, 4);
  }

  std::vector<T> expected(bool with_bias) const {
    std::vector<T> y = c;
    for (size_t i = 0; i < shape.m; ++i) {
      for (size_t j = 0; j < shape.n; ++j) {
        T acc = shape.accumulate ? c[i * shape.ldc + j] : with_bias ? bias[j] : T(0);
        for (size_t k = 0; k < shape.k; ++k) {
          const T left = shape.trans_a ? a[k * shape.lda + i] : a[i * shape.lda + k];
          const T right = shape.trans_b ? b[j * shape.ldb + k] : b[k * shape.ldb + j];
          acc = std::fma(left, right, acc);
        }
        y[i * shape.ldc + j] = acc;
      }
    }
    return y;
  }

  std::vector<T> run(const Table& table, bool with_bias) const {
    std::vector<T> y = c;
    Scratch scratch(gemm_scratch_bytes(shape, sizeof(T)));
    gemm_of<T>(table)(shape, a.data(), b.data(), with_bias ? bias.data() : nullptr, y.data(),
                      scratch.get());
    return y;
  }
};

template <class T>
class Gemm : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Gemm, Types);

TYPED_TEST(Gemm, is_one_fused_chain_per_element_for_every_shape_and_transposition) {
  const std::vector<std::vector<size_t>> shapes = {
      {1, 1, 1},    {32, 64, 64}, {32, 10, 64}, {64, 64, 32},   {64, 10, 32},   {32, 64, 10},
      {13, 17, 19}, {15, 16, 33}, {7, 33, 129}, {33, 100, 257}, {97, 130, 140}, {1, 128, 784},
      {40, 1, 5},   {2, 48, 3},   {5, 80, 128}, {16, 112, 7},   {3, 5, 0}};
  for (const auto& s : shapes) {
    for (const bool trans_a : {false, true}) {
      for (const bool trans_b : {false, true}) {
        SCOPED_TRACE(::testing::PrintToString(s) + (trans_a ? " ta" : "") + (trans_b ? " tb" : ""));
        Problem<TypeParam> problem(s[0], s[1], s[2], trans_a, trans_b, s[0] % 3);
        for (const bool with_bias : {false, true}) {
          const auto y = on_every_isa([&](const Table& t) { return problem.run(t, with_bias); });
          EXPECT_TRUE(same_bits(y, problem.expected(with_bias)));
        }
        problem.shape.accumulate = true;
        const auto y = on_every_isa([&](const Table& t) { return problem.run(t, false); });
        EXPECT_TRUE(same_bits(y, problem.expected(false)));
      }
    }
  }
}

TYPED_TEST(Gemm, splitting_rows_and_columns_keeps_the_bits) {
  const Problem<TypeParam> whole(50, 90, 70, false, false, 3);
  const auto expected = whole.expected(true);
  const auto y = on_every_isa([&](const Table& table) {
    std::vector<TypeParam> c = whole.c;
    for (size_t i0 : {size_t{0}, size_t{21}}) {
      for (size_t j0 : {size_t{0}, size_t{37}}) {
        GemmShape part = whole.shape;
        part.m = i0 == 0 ? 21 : 29;
        part.n = j0 == 0 ? 37 : 53;
        Scratch scratch(gemm_scratch_bytes(part, sizeof(TypeParam)));
        gemm_of<TypeParam>(table)(part, whole.a.data() + i0 * part.lda, whole.b.data() + j0,
                                  whole.bias.data() + j0, c.data() + i0 * part.ldc + j0,
                                  scratch.get());
      }
    }
    return c;
  });
  EXPECT_TRUE(same_bits(y, expected));
}

TYPED_TEST(Gemm, infinities_and_nan_stay_in_their_rows_and_columns) {
  Problem<TypeParam> problem(9, 21, 12, false, false, 0);
  problem.a[4 * problem.shape.lda + 2] = std::numeric_limits<TypeParam>::infinity();
  problem.b[3 * problem.shape.ldb + 20] = std::numeric_limits<TypeParam>::quiet_NaN();
  const auto y = on_every_isa([&](const Table& t) { return problem.run(t, true); });
  EXPECT_TRUE(same_bits(y, problem.expected(true)));
}

TYPED_TEST(Gemm, an_empty_result_writes_nothing) {
  const Problem<TypeParam> problem(0, 4, 4, false, false, 0);
  EXPECT_TRUE(on_every_isa([&](const Table& t) { return problem.run(t, true); }).empty());
}

}  // namespace
}  // namespace bb::kernels::testing
