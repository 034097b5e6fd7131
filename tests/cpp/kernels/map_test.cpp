// Elementwise kernels against plain loops, on every ISA, over every shape of operand.
#include "bb/kernels/map.h"

#include "bb/kernels/math.h"
#include "kernels/support.h"

namespace bb::kernels::testing {
namespace {

float scalar_exp(float x) { return exp_f32(x); }
double scalar_exp(double x) { return exp_f64(x); }
float scalar_log(float x) { return log_f32(x); }
double scalar_log(double x) { return log_f64(x); }
float scalar_tanh(float x) { return tanh_f32(x); }
double scalar_tanh(double x) { return tanh_f64(x); }
float scalar_sigmoid(float x) { return sigmoid_f32(x); }
double scalar_sigmoid(double x) { return sigmoid_f64(x); }

template <class T>
T unary_oracle(UnaryOp op, T x) {
  switch (op) {
    case UnaryOp::kNeg:
      return -x;
    case UnaryOp::kAbs:
      return std::fabs(x);
    case UnaryOp::kExp:
      return scalar_exp(x);
    case UnaryOp::kLog:
      return scalar_log(x);
    case UnaryOp::kSqrt:
      return std::sqrt(x);
    case UnaryOp::kRelu:
      return x < 0 ? T(0) : x;
    case UnaryOp::kTanh:
      return scalar_tanh(x);
    case UnaryOp::kSigmoid:
      return scalar_sigmoid(x);
    case UnaryOp::kSquare:
      return x * x;
    case UnaryOp::kReciprocal:
      return T(1) / x;
    case UnaryOp::kSign:
      return x > 0 ? T(1) : x < 0 ? T(-1) : x;
  }
  return x;
}

template <class T>
T binary_oracle(BinaryOp op, T a, T b) {
  switch (op) {
    case BinaryOp::kAdd:
      return a + b;
    case BinaryOp::kSub:
      return a - b;
    case BinaryOp::kMul:
      return a * b;
    case BinaryOp::kDiv:
      return a / b;
    case BinaryOp::kMin:
      return a < b ? a : b;
    case BinaryOp::kMax:
      return a > b ? a : b;
  }
  return a;
}

template <class T>
uint8_t compare_oracle(CompareOp op, T a, T b) {
  switch (op) {
    case CompareOp::kEqual:
      return a == b;
    case CompareOp::kGreater:
      return a > b;
    case CompareOp::kLess:
      return a < b;
    case CompareOp::kGreaterOrEqual:
      return a >= b;
    case CompareOp::kLessOrEqual:
      return a <= b;
  }
  return 2;
}

constexpr UnaryOp kUnary[] = {UnaryOp::kNeg,        UnaryOp::kAbs,     UnaryOp::kExp,
                              UnaryOp::kLog,        UnaryOp::kSqrt,    UnaryOp::kRelu,
                              UnaryOp::kTanh,       UnaryOp::kSigmoid, UnaryOp::kSquare,
                              UnaryOp::kReciprocal, UnaryOp::kSign};
constexpr BinaryOp kBinary[] = {BinaryOp::kAdd, BinaryOp::kSub, BinaryOp::kMul,
                                BinaryOp::kDiv, BinaryOp::kMin, BinaryOp::kMax};
constexpr CompareOp kCompare[] = {CompareOp::kEqual, CompareOp::kGreater, CompareOp::kLess,
                                  CompareOp::kGreaterOrEqual, CompareOp::kLessOrEqual};

template <class T>
class Map : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Map, Types);

TYPED_TEST(Map, unary_operations_match_their_scalar_form) {
  using T = TypeParam;
  for (const size_t n : kSizes) {
    const auto x = awkward_values<T>(n, n);
    for (const UnaryOp op : kUnary) {
      SCOPED_TRACE(static_cast<int>(op));
      std::vector<T> expected;
      for (const T v : x) expected.push_back(unary_oracle(op, v));
      const auto y = on_every_isa([&](const Table& table) {
        std::vector<T> out = x;  // in place
        BB_BY_TYPE(T, table, unary)(op, out.data(), out.data(), n);
        return out;
      });
      EXPECT_TRUE(same_bits(y, expected));
    }
  }
}

template <class T>
struct Form {
  Operand<T> a, b;
  size_t rows, cols;
};

/// Every way to read two operands as [rows, cols].
template <class T>
std::vector<Form<T>> forms(const T* a, const T* b, size_t rows, size_t cols) {
  const std::vector<Operand<T>> first = {{a, cols, 1}, {a, 0, 1}, {a, 1, 0}, {a, 0, 0}};
  const std::vector<Operand<T>> second = {{b, cols, 1}, {b, 0, 1}, {b, 1, 0}, {b, 0, 0}};
  std::vector<Form<T>> all;
  for (const auto& p : first) {
    for (const auto& q : second) all.push_back({p, q, rows, cols});
  }
  return all;
}

template <class T>
T at(const Operand<T>& operand, size_t i, size_t j) {
  return operand.data[i * operand.row_stride + j * operand.col_step];
}

TYPED_TEST(Map, binary_operations_match_a_loop_in_every_broadcast_form) {
  using T = TypeParam;
  for (const size_t cols : kSizes) {
    const size_t rows = cols == 1000 ? 1 : 3;
    const auto a = awkward_values<T>(rows * cols + rows, cols);
    const auto b = awkward_values<T>(rows * cols + rows, cols + 100);
    for (const auto& form : forms(a.data(), b.data(), rows, cols)) {
      for (const BinaryOp op : kBinary) {
        std::vector<T> expected;
        for (size_t i = 0; i < rows; ++i) {
          for (size_t j = 0; j < cols; ++j) {
            expected.push_back(binary_oracle(op, at(form.a, i, j), at(form.b, i, j)));
          }
        }
        const auto y = on_every_isa([&](const Table& table) {
          std::vector<T> out(rows * cols);
          BB_BY_TYPE(T, table, binary)(op, form.a, form.b, out.data(), rows, cols);
          return out;
        });
        ASSERT_TRUE(same_bits(y, expected)) << static_cast<int>(op) << " cols " << cols;
      }
    }
  }
}

TYPED_TEST(Map, comparisons_match_a_loop_in_every_broadcast_form) {
  using T = TypeParam;
  const auto a = awkward_values<T>(2 * 70, 5);
  const auto b = awkward_values<T>(2 * 70, 5);
  for (const auto& form : forms(a.data(), b.data(), 2, 65)) {
    for (const CompareOp op : kCompare) {
      std::vector<uint8_t> expected;
      for (size_t i = 0; i < 2; ++i) {
        for (size_t j = 0; j < 65; ++j) {
          expected.push_back(compare_oracle(op, at(form.a, i, j), at(form.b, i, j)));
        }
      }
      const auto y = on_every_isa([&](const Table& table) {
        std::vector<uint8_t> out(130, 9);
        BB_BY_TYPE(T, table, compare)(op, form.a, form.b, out.data(), 2, 65);
        return out;
      });
      ASSERT_TRUE(same_bits(y, expected));
    }
  }
}

TYPED_TEST(Map, scaled_additions_round_twice_or_once_as_named) {
  using T = TypeParam;
  for (const size_t n : kSizes) {
    const auto x = awkward_values<T>(n, n);
    const auto y0 = awkward_values<T>(n, n + 1);
    const T a = T(1) / T(3);
    std::vector<T> twice, once, scaled, gradient;
    for (size_t i = 0; i < n; ++i) {
      const T product = a * x[i];
      twice.push_back(y0[i] + product);
      once.push_back(std::fma(a, x[i], y0[i]));
      scaled.push_back(product);
      gradient.push_back(x[i] > 0 ? y0[i] : T(0));
    }
    const auto into = [&](auto call) {
      return on_every_isa([&](const Table& table) {
        std::vector<T> out = y0;
        call(table, out.data());
        return out;
      });
    };
    EXPECT_TRUE(same_bits(
        into([&](const Table& t, T* y) { BB_BY_TYPE(T, t, axpy)(a, x.data(), y, n); }), twice));
    EXPECT_TRUE(same_bits(
        into([&](const Table& t, T* y) { BB_BY_TYPE(T, t, axpy_fused)(a, x.data(), y, n); }),
        once));
    EXPECT_TRUE(same_bits(
        into([&](const Table& t, T* y) { BB_BY_TYPE(T, t, scale)(a, x.data(), y, n); }), scaled));
    EXPECT_TRUE(same_bits(
        into([&](const Table& t, T* y) { BB_BY_TYPE(T, t, relu_backward)(y, x.data(), y, n); }),
        gradient));
    EXPECT_TRUE(same_bits(into([&](const Table& t, T* y) { BB_BY_TYPE(T, t, fill)(a, y, n); }),
                          std::vector<T>(n, a)));
  }
}

template <class T>
void check_integers(void (*Table::*kernel)(BinaryOp, Operand<T>, Operand<T>, T*, size_t, size_t)) {
  using U = std::make_unsigned_t<T>;
  const T low = std::numeric_limits<T>::min();
  const std::vector<T> a = {7, -7, 7, low, 5, low, std::numeric_limits<T>::max()};
  const std::vector<T> b = {2, 2, -2, -1, 0, low, 1};
  for (const BinaryOp op : kBinary) {
    std::vector<T> expected;
    for (size_t i = 0; i < a.size(); ++i) {
      const U p = static_cast<U>(a[i]);
      const U q = static_cast<U>(b[i]);
      T value = 0;
      if (op == BinaryOp::kAdd) value = static_cast<T>(p + q);
      if (op == BinaryOp::kSub) value = static_cast<T>(p - q);
      if (op == BinaryOp::kMul) value = static_cast<T>(p * q);
      if (op == BinaryOp::kDiv && b[i] == -1) value = static_cast<T>(U(0) - p);
      if (op == BinaryOp::kDiv && b[i] != 0 && b[i] != -1) value = a[i] / b[i];
      if (op == BinaryOp::kMin) value = std::min(a[i], b[i]);
      if (op == BinaryOp::kMax) value = std::max(a[i], b[i]);
      expected.push_back(value);
    }
    const auto y = on_every_isa([&](const Table& table) {
      std::vector<T> out(a.size());
      (table.*kernel)(op, {a.data(), 0, 1}, {b.data(), 0, 1}, out.data(), 1, a.size());
      return out;
    });
    EXPECT_EQ(y, expected) << static_cast<int>(op);
  }
}
TEST(MapIntegers, arithmetic_wraps_and_division_is_total) {
  check_integers<int32_t>(&Table::binary_i32);
  check_integers<int64_t>(&Table::binary_i64);
}

TEST(MapIntegers, comparisons_of_labels) {
  const std::vector<int64_t> a = {1, 2, 3};
  const int64_t two = 2;
  const auto y = on_every_isa([&](const Table& table) {
    std::vector<uint8_t> out(3);
    table.compare_i64(CompareOp::kEqual, {a.data(), 0, 1}, {&two, 0, 0}, out.data(), 1, 3);
    return out;
  });
  EXPECT_EQ(y, (std::vector<uint8_t>{0, 1, 0}));
}

TEST(MapWhere, copies_bits_and_broadcasts) {
  const std::vector<uint8_t> cond = {1, 0, 2, 0};
  const auto nan_bits = uint32_t{0x7fa00001};  // a signalling NaN survives
  const std::vector<uint32_t> a = {nan_bits, 11, 12, 13};
  const uint32_t b = 99;
  const auto y = on_every_isa([&](const Table& table) {
    std::vector<uint32_t> out(4);
    table.where_4({cond.data(), 0, 1}, {a.data(), 0, 1}, {&b, 0, 0}, out.data(), 1, 4);
    return out;
  });
  EXPECT_EQ(y, (std::vector<uint32_t>{nan_bits, 99, 12, 99}));
}

TEST(MapCast, floats_truncate_saturate_and_drop_nan) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<double> x = {1.9,          -1.9,  1e30, -1e30,       inf,
                                 std::nan(""), 300.0, -0.5, 2147483647.0};
  const auto cast_to = [&](auto sample, ScalarType type) {
    return on_every_isa([&](const Table& table) {
      std::vector<decltype(sample)> out(x.size());
      table.cast(ScalarType::kF64, type, x.data(), out.data(), x.size());
      return out;
    });
  };
  const int32_t low = std::numeric_limits<int32_t>::min();
  const int32_t high = std::numeric_limits<int32_t>::max();
  const int64_t low64 = std::numeric_limits<int64_t>::min();
  const int64_t high64 = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(cast_to(int32_t{}, ScalarType::kI32),
            (std::vector<int32_t>{1, -1, high, low, high, 0, 300, 0, high}));
  EXPECT_EQ(cast_to(int64_t{}, ScalarType::kI64),
            (std::vector<int64_t>{1, -1, high64, low64, high64, 0, 300, 0, high}));
  EXPECT_EQ(cast_to(uint8_t{}, ScalarType::kU8),
            (std::vector<uint8_t>{1, 0, 255, 0, 255, 0, 255, 0, 255}));
  EXPECT_EQ(cast_to(uint8_t{}, ScalarType::kBool),
            (std::vector<uint8_t>{1, 1, 1, 1, 1, 1, 1, 1, 1}));
}

TEST(MapCast, integers_widen_wrap_and_become_bool) {
  const std::vector<int64_t> x = {0, -1, 256, (int64_t{1} << 32) + 5};
  const auto cast_to = [&](auto sample, ScalarType type) {
    return on_every_isa([&](const Table& table) {
      std::vector<decltype(sample)> out(x.size());
      table.cast(ScalarType::kI64, type, x.data(), out.data(), x.size());
      return out;
    });
  };
  EXPECT_EQ(cast_to(int32_t{}, ScalarType::kI32), (std::vector<int32_t>{0, -1, 256, 5}));
  EXPECT_EQ(cast_to(uint8_t{}, ScalarType::kBool), (std::vector<uint8_t>{0, 1, 1, 1}));
  EXPECT_EQ(cast_to(float{}, ScalarType::kF32), (std::vector<float>{0, -1, 256, 4294967301.0F}));
}

}  // namespace
}  // namespace bb::kernels::testing
