// Reductions against the documented lane order written as a plain loop, on every ISA.
#include "bb/kernels/reduce.h"

#include "kernels/support.h"

namespace bb::kernels::testing {
namespace {

/// The contract word for word: 16 lanes per chunk, combined by halves, chunks added in order.
template <class T, class F>
double lane_oracle(size_t n, F step) {
  double total = 0.0;
  for (size_t begin = 0; begin < n; begin += kChunk) {
    double lanes[16] = {};
    for (size_t i = begin; i < std::min(n, begin + kChunk); ++i) {
      lanes[i % 16] = step(lanes[i % 16], i);
    }
    for (size_t half = 8; half > 0; half /= 2) {
      for (size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
    }
    total += lanes[0];
  }
  return total;
}

template <class T>
class Reduce : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Reduce, Types);

TYPED_TEST(Reduce, whole_array_sums_follow_the_lane_contract) {
  using T = TypeParam;
  for (const size_t n : {size_t{0}, size_t{1}, size_t{15}, size_t{16}, size_t{17}, size_t{1000},
                         kChunk + 5, 3 * kChunk}) {
    const auto x = awkward_values<T>(n, n, false);
    const auto y = normal_values<T>(n, n + 1);
    const auto results = on_every_isa([&](const Table& t) {
      return std::vector<double>{BB_BY_TYPE(T, t, sum)(x.data(), n),
                                 BB_BY_TYPE(T, t, dot)(x.data(), y.data(), n),
                                 BB_BY_TYPE(T, t, sum_squares)(y.data(), n)};
    });
    const std::vector<double> expected = {
        lane_oracle<T>(n, [&](double lane, size_t i) { return lane + static_cast<double>(x[i]); }),
        lane_oracle<T>(
            n, [&](double lane, size_t i) { return std::fma(double(x[i]), double(y[i]), lane); }),
        lane_oracle<T>(
            n, [&](double lane, size_t i) { return std::fma(double(y[i]), double(y[i]), lane); })};
    EXPECT_TRUE(same_bits(results, expected)) << n;
  }
}

TYPED_TEST(Reduce, chunks_added_in_order_equal_one_call) {
  using T = TypeParam;
  const size_t n = 2 * kChunk + 777;
  const auto x = normal_values<T>(n, 5);
  on_every_isa([&](const Table& t) {
    double total = 0.0;
    for (size_t begin = 0; begin < n; begin += kChunk) {
      total += BB_BY_TYPE(T, t, sum)(x.data() + begin, std::min(kChunk, n - begin));
    }
    EXPECT_EQ(total, BB_BY_TYPE(T, t, sum)(x.data(), n));
    return std::vector<double>{total};
  });
}

TYPED_TEST(Reduce, max_finds_the_largest_and_keeps_nan) {
  using T = TypeParam;
  for (const size_t n : kSizes) {
    auto x = awkward_values<T>(n, n, false);
    const auto run = [&] {
      return on_every_isa(
          [&](const Table& t) { return std::vector<T>{BB_BY_TYPE(T, t, max)(x.data(), n)}; })[0];
    };
    T expected = -std::numeric_limits<T>::infinity();
    for (const T v : x) expected = std::max(expected, v);
    EXPECT_EQ(run(), expected);
    for (const size_t at : {size_t{0}, n / 2, n - 1}) {
      if (n == 0) break;
      const T before = x[at];
      x[at] = std::numeric_limits<T>::quiet_NaN();
      EXPECT_TRUE(std::isnan(run())) << n << " at " << at;
      x[at] = before;
    }
  }
}

TYPED_TEST(Reduce, non_finite_values_are_counted) {
  using T = TypeParam;
  for (const size_t n : kSizes) {
    const auto x = awkward_values<T>(n, n);
    size_t expected = 0;
    for (const T v : x) expected += std::isfinite(v) ? 0 : 1;
    const auto count = on_every_isa([&](const Table& t) {
      return std::vector<size_t>{BB_BY_TYPE(T, t, count_non_finite)(x.data(), n)};
    });
    EXPECT_EQ(count[0], expected);
  }
}

TYPED_TEST(Reduce, rows_and_columns_match_sums_in_double) {
  using T = TypeParam;
  for (const size_t n : kSizes) {
    for (const size_t m : {size_t{0}, size_t{1}, size_t{5}, size_t{33}}) {
      const size_t ld = n + 3;
      const auto x = awkward_values<T>(m * ld, m * 7 + n, false);
      const auto at = [&](size_t i, size_t j) { return x[i * ld + j]; };
      std::vector<T> rows, row_means, row_max, columns, column_means, column_max;
      for (size_t i = 0; i < m; ++i) {
        const double sum =
            lane_oracle<T>(n, [&](double lane, size_t j) { return lane + double(at(i, j)); });
        T largest = -std::numeric_limits<T>::infinity();
        for (size_t j = 0; j < n; ++j) largest = std::max(largest, at(i, j));
        rows.push_back(static_cast<T>(sum));
        row_means.push_back(static_cast<T>(sum / static_cast<double>(n)));
        row_max.push_back(largest + T(0));
      }
      for (size_t j = 0; j < n; ++j) {
        double sum = 0.0;
        T largest = -std::numeric_limits<T>::infinity();
        for (size_t i = 0; i < m; ++i) {
          sum += double(at(i, j));
          largest = std::max(largest, at(i, j));
        }
        columns.push_back(static_cast<T>(sum));
        column_means.push_back(static_cast<T>(sum / static_cast<double>(m)));
        column_max.push_back(largest + T(0));
      }
      const auto check = [&](auto pick, const std::vector<T>& expected, const char* name) {
        const auto y = on_every_isa([&](const Table& t) {
          std::vector<T> out(expected.size());
          pick(t)(x.data(), m, n, ld, out.data());
          return out;
        });
        EXPECT_TRUE(same_bits(y, expected)) << name << " m " << m << " n " << n;
      };
      check([](const Table& t) { return BB_BY_TYPE(T, t, sum_rows); }, rows, "sum_rows");
      check([](const Table& t) { return BB_BY_TYPE(T, t, mean_rows); }, row_means, "mean_rows");
      check([](const Table& t) { return BB_BY_TYPE(T, t, max_rows); }, row_max, "max_rows");
      check([](const Table& t) { return BB_BY_TYPE(T, t, sum_cols); }, columns, "sum_cols");
      check([](const Table& t) { return BB_BY_TYPE(T, t, mean_cols); }, column_means, "mean_cols");
      check([](const Table& t) { return BB_BY_TYPE(T, t, max_cols); }, column_max, "max_cols");
    }
  }
}

TYPED_TEST(Reduce, argmax_takes_the_lowest_index_and_nan_first) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const T inf = std::numeric_limits<T>::infinity();
  const std::vector<T> x = {1, 3, 3, 2, -inf, -inf, -inf, -inf, 5, nan, inf, nan, nan, 1, 2, 3};
  const auto y = on_every_isa([&](const Table& t) {
    std::vector<int64_t> out(4);
    BB_BY_TYPE(T, t, argmax_rows)(x.data(), 4, 4, 4, out.data());
    return out;
  });
  EXPECT_EQ(y, (std::vector<int64_t>{1, 0, 1, 0}));
}

}  // namespace
}  // namespace bb::kernels::testing
