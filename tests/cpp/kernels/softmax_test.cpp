// Softmax and cross-entropy against long double formulas, on every ISA.
#include "bb/kernels/reduce.h"
#include "kernels/support.h"

namespace bb::kernels::testing {
namespace {

template <class T>
class Softmax : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Softmax, Types);

/// Exact log-softmax of each row.
template <class T>
std::vector<long double> exact_log_softmax(const std::vector<T>& x, size_t m, size_t n) {
  std::vector<long double> y;
  for (size_t i = 0; i < m; ++i) {
    long double top = -std::numeric_limits<long double>::infinity();
    for (size_t j = 0; j < n; ++j) top = std::max<long double>(top, x[i * n + j]);
    long double sum = 0;
    for (size_t j = 0; j < n; ++j) sum += std::exp(x[i * n + j] - top);
    for (size_t j = 0; j < n; ++j) y.push_back(x[i * n + j] - top - std::log(sum));
  }
  return y;
}

TYPED_TEST(Softmax, softmax_and_log_softmax_match_the_formula) {
  using T = TypeParam;
  const double eps = std::numeric_limits<T>::epsilon();
  for (const size_t n : kSizes) {
    const size_t m = 3;
    auto x = normal_values<T>(m * n, n);
    for (size_t j = 0; j < n; ++j) x[n + j] *= 40;
    const auto exact = exact_log_softmax(x, m, n);
    const auto soft = on_every_isa([&](const Table& t) {
      std::vector<T> y(m * n);
      BB_BY_TYPE(T, t, softmax)(x.data(), y.data(), m, n);
      return y;
    });
    const auto log_soft = on_every_isa([&](const Table& t) {
      std::vector<T> y = x;  // in place
      BB_BY_TYPE(T, t, log_softmax)(y.data(), y.data(), m, n);
      return y;
    });
    for (size_t i = 0; i < m * n; ++i) {
      // exp multiplies the rounding error of its argument, eps * |log p|.
      const double p = static_cast<double>(std::exp(exact[i]));
      const double magnitude = std::fabs(static_cast<double>(exact[i]));
      EXPECT_NEAR(soft[i], p, eps * (8 + magnitude) * p + std::numeric_limits<T>::denorm_min());
      EXPECT_NEAR(log_soft[i], static_cast<double>(exact[i]),
                  eps * 8 * (1 + std::fabs(static_cast<double>(exact[i]))));
    }
  }
}

TYPED_TEST(Softmax, large_logits_do_not_overflow_and_nan_stays_in_its_row) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const std::vector<T> x = {T(1e30), 0, T(-1e30), nan, 1, 2};
  const auto y = on_every_isa([&](const Table& t) {
    std::vector<T> out(6);
    BB_BY_TYPE(T, t, softmax)(x.data(), out.data(), 2, 3);
    return out;
  });
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(y[1], 0);
  EXPECT_EQ(y[2], 0);
  for (size_t j = 3; j < 6; ++j) EXPECT_TRUE(std::isnan(y[j]));
}

TYPED_TEST(Softmax, cross_entropy_and_its_gradient_match_the_formula) {
  using T = TypeParam;
  const double eps = std::numeric_limits<T>::epsilon();
  const size_t m = 5;
  for (const size_t n : {size_t{1}, size_t{2}, size_t{10}, size_t{16}, size_t{100}}) {
    const auto x = normal_values<T>(m * n, n);
    std::vector<int64_t> labels;
    for (size_t i = 0; i < m; ++i) labels.push_back(static_cast<int64_t>((i * 7) % n));
    const auto exact = exact_log_softmax(x, m, n);
    const auto out = on_every_isa([&](const Table& t) {
      std::vector<T> y(m + 2 * m * n);  // losses, log-probabilities, gradient
      T* log_probs = y.data() + m;
      EXPECT_EQ(BB_BY_TYPE(T, t, cross_entropy)(x.data(), labels.data(), m, n, y.data(), log_probs),
                -1);
      BB_BY_TYPE(T, t, cross_entropy_backward)
      (log_probs, labels.data(), m, n, T(1) / T(m), log_probs + m * n);
      std::vector<T> only(m);
      BB_BY_TYPE(T, t, cross_entropy)(x.data(), labels.data(), m, n, only.data(), nullptr);
      EXPECT_TRUE(same_bits(only, std::vector<T>(y.begin(), y.begin() + m)));
      return y;
    });
    for (size_t i = 0; i < m; ++i) {
      const size_t label = static_cast<size_t>(labels[i]);
      EXPECT_NEAR(out[i], -static_cast<double>(exact[i * n + label]), eps * 40);
      for (size_t j = 0; j < n; ++j) {
        const double p = std::exp(static_cast<double>(exact[i * n + j]));
        EXPECT_NEAR(out[m + m * n + i * n + j], (p - (j == label ? 1 : 0)) / m, eps * 10);
      }
    }
  }
}

TYPED_TEST(Softmax, a_label_out_of_range_is_named_and_nothing_is_written) {
  using T = TypeParam;
  const std::vector<T> x(6, T(0));
  for (const int64_t bad : {int64_t{-1}, int64_t{3}}) {
    const std::vector<int64_t> labels = {0, bad};
    const auto y = on_every_isa([&](const Table& t) {
      std::vector<T> losses(2, T(7));
      EXPECT_EQ(
          BB_BY_TYPE(T, t, cross_entropy)(x.data(), labels.data(), 2, 3, losses.data(), nullptr),
          1);
      return losses;
    });
    EXPECT_EQ(y, (std::vector<T>{7, 7}));
  }
}

}  // namespace
}  // namespace bb::kernels::testing
