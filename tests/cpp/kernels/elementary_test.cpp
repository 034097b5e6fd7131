// Accuracy of the own elementary functions against long double, and their special values.
#include "bb/kernels/math.h"

#include <functional>

#include "kernels/support.h"

namespace bb::kernels::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Largest error in ulp over `count` points spread between low and high.
template <class T>
double worst(T (*function)(T), long double (*exact)(long double), double low, double high,
             int count = 200000) {
  std::mt19937_64 generator(7);
  std::uniform_real_distribution<double> uniform(low, high);
  double largest = 0.0;
  for (int i = 0; i < count; ++i) {
    const T x = static_cast<T>(uniform(generator));
    largest = std::max(largest, ulps(function(x), exact(x)));
  }
  return largest;
}

long double exact_sigmoid(long double x) { return 1.0L / (1.0L + std::exp(-x)); }

TEST(Elementary, exp_is_within_two_ulp) {
  EXPECT_LE(worst<double>(exp_f64, std::exp, -1.0, 1.0), 1.0);
  EXPECT_LE(worst<double>(exp_f64, std::exp, -745.0, 709.0), 2.0);
  EXPECT_LE(worst<float>(exp_f32, std::exp, -1.0, 1.0), 1.0);
  EXPECT_LE(worst<float>(exp_f32, std::exp, -103.0, 88.0), 2.0);
}

TEST(Elementary, log_is_within_two_ulp) {
  EXPECT_LE(worst<double>(log_f64, std::log, 0.5, 2.0), 2.0);
  EXPECT_LE(worst<double>(log_f64, std::log, 1e-300, 1e300), 2.0);
  EXPECT_LE(worst<double>(log_f64, std::log, 5e-324, 1e-310), 2.0);
  EXPECT_LE(worst<float>(log_f32, std::log, 0.5, 2.0), 2.0);
  EXPECT_LE(worst<float>(log_f32, std::log, 1e-45, 1e-38), 2.0);
  EXPECT_LE(worst<float>(log_f32, std::log, 1.0, 3e38), 2.0);
}

TEST(Elementary, tanh_and_sigmoid_are_within_four_ulp) {
  EXPECT_LE(worst<double>(tanh_f64, std::tanh, -1e-3, 1e-3), 4.0);
  EXPECT_LE(worst<double>(tanh_f64, std::tanh, -25.0, 25.0), 4.0);
  EXPECT_LE(worst<float>(tanh_f32, std::tanh, -0.1, 0.1), 4.0);
  EXPECT_LE(worst<float>(tanh_f32, std::tanh, -12.0, 12.0), 4.0);
  EXPECT_LE(worst<double>(sigmoid_f64, exact_sigmoid, -700.0, 40.0), 4.0);
  EXPECT_LE(worst<float>(sigmoid_f32, exact_sigmoid, -87.0, 20.0), 4.0);
}

TEST(Elementary, sine_and_cosine_are_within_two_ulp_of_one) {
  const auto error = [](double (*function)(double), long double (*exact)(long double),
                        double range) {
    std::mt19937_64 generator(3);
    std::uniform_real_distribution<double> uniform(-range, range);
    double largest = 0.0;
    for (int i = 0; i < 200000; ++i) {
      const double x = uniform(generator);
      largest = std::max(largest, static_cast<double>(std::fabs(function(x) - exact(x))));
    }
    return largest;
  };
  const double two_ulp = 2.0 * 0x1p-53;
  EXPECT_LE(error(sin_f64, std::sin, 7.0), two_ulp);
  EXPECT_LE(error(cos_f64, std::cos, 7.0), two_ulp);
  EXPECT_LE(error(sin_f64, std::sin, 1e6), two_ulp);
  EXPECT_LE(error(cos_f64, std::cos, 1e6), two_ulp);
}

TEST(Elementary, special_values) {
  EXPECT_EQ(exp_f64(0.0), 1.0);
  EXPECT_EQ(exp_f64(1e4), kInfinity);
  EXPECT_EQ(exp_f64(kInfinity), kInfinity);
  EXPECT_EQ(exp_f64(-1e4), 0.0);
  EXPECT_EQ(exp_f64(-kInfinity), 0.0);
  EXPECT_TRUE(std::isnan(exp_f64(std::nan(""))));
  EXPECT_EQ(exp_f32(89.0F), std::numeric_limits<float>::infinity());
  EXPECT_EQ(log_f64(1.0), 0.0);
  EXPECT_EQ(log_f64(0.0), -kInfinity);
  EXPECT_EQ(log_f64(-0.0), -kInfinity);
  EXPECT_EQ(log_f64(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(log_f64(-1.0)));
  EXPECT_TRUE(std::isnan(log_f64(std::nan(""))));
  EXPECT_EQ(tanh_f64(kInfinity), 1.0);
  EXPECT_EQ(tanh_f64(-40.0), -1.0);
  EXPECT_TRUE(std::signbit(tanh_f64(-0.0)));
  EXPECT_EQ(tanh_f64(5e-324), 5e-324);
  EXPECT_TRUE(std::isnan(tanh_f32(std::nanf(""))));
  EXPECT_EQ(sigmoid_f64(0.0), 0.5);
  EXPECT_EQ(sigmoid_f64(kInfinity), 1.0);
  EXPECT_EQ(sigmoid_f64(-kInfinity), 0.0);
  EXPECT_TRUE(std::isnan(sigmoid_f64(std::nan(""))));
  EXPECT_EQ(sin_f64(0.0), 0.0);
  EXPECT_EQ(cos_f64(0.0), 1.0);
  EXPECT_TRUE(std::isnan(sin_f64(kInfinity)));
  EXPECT_TRUE(std::isnan(cos_f64(1e300)));
}

/// Distribution function of the standard normal, from the complementary error function.
long double normal_cdf(long double x) { return 0.5L * std::erfc(-x / std::sqrt(2.0L)); }

TEST(InverseNormalCdf, matches_known_quantiles) {
  EXPECT_NEAR(inverse_normal_cdf_f64(0.975), 1.959963984540054, 1e-15);
  EXPECT_NEAR(inverse_normal_cdf_f64(0.8), 0.8416212335729143, 1e-15);
  EXPECT_NEAR(inverse_normal_cdf_f64(1e-10), -6.361340902404056, 1e-14);
  EXPECT_NEAR(inverse_normal_cdf_f64(1e-300), -37.0471, 1e-4);
  EXPECT_EQ(inverse_normal_cdf_f64(0.5), 0.0);
}

TEST(InverseNormalCdf, inverts_the_distribution_function) {
  for (double x = -8.0; x <= 5.0; x += 0.0371) {
    const long double exact = normal_cdf(x);
    const double p = static_cast<double>(exact);
    // Rounding p moves x by at most ulp(p) / density(x).
    const double density = std::exp(-0.5 * x * x) / std::sqrt(2.0 * M_PI);
    const double tolerance = 4e-15 * (1.0 + std::fabs(x)) + p * 0x1p-52 / density;
    EXPECT_NEAR(inverse_normal_cdf_f64(p), x, tolerance) << p;
  }
}

TEST(InverseNormalCdf, ends_and_domain) {
  EXPECT_EQ(inverse_normal_cdf_f64(0.0), -kInfinity);
  EXPECT_EQ(inverse_normal_cdf_f64(1.0), kInfinity);
  EXPECT_TRUE(std::isnan(inverse_normal_cdf_f64(-0.1)));
  EXPECT_TRUE(std::isnan(inverse_normal_cdf_f64(std::nan(""))));
  EXPECT_EQ(inverse_normal_cdf_f64(0.25), -inverse_normal_cdf_f64(0.75));
}

}  // namespace
}  // namespace bb::kernels::testing
