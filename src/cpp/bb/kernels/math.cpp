// The scalar elementary functions: the portable body of the kernels, one lane wide.
#define BB_KERNEL_ISA portable
#include "bb/kernels/math.h"

#include "bb/kernels/isa/elementary.h"

namespace bb::kernels {

namespace p = portable;

double exp_f64(double x) { return p::exp_of(p::Vec<double>{x}).value; }
float exp_f32(float x) { return p::exp_of(p::Vec<float>{x}).value; }
double log_f64(double x) { return p::log_of(p::Vec<double>{x}).value; }
float log_f32(float x) { return p::log_of(p::Vec<float>{x}).value; }
double tanh_f64(double x) { return p::tanh_of(p::Vec<double>{x}).value; }
float tanh_f32(float x) { return p::tanh_of(p::Vec<float>{x}).value; }
double sigmoid_f64(double x) { return p::sigmoid_of(p::Vec<double>{x}).value; }
float sigmoid_f32(float x) { return p::sigmoid_of(p::Vec<float>{x}).value; }

namespace {

/// Sine of x + quarter_turns * pi / 2: Cody-Waite reduction with pi / 2 in three pieces.
double shifted_sine(double x, int64_t quarter_turns) {
  if (!(x >= -0x1p30 && x <= 0x1p30)) return __builtin_nan("");
  const double n = p::round_to_integer(p::Vec<double>{x * 0.6366197723675814}).value;
  double angle = __builtin_fma(-n, 0x1.921fb54442d18p+0, x);
  angle = __builtin_fma(-n, 0x1.1a62633145c07p-54, angle);
  angle = __builtin_fma(-n, -0x1.f1976b7ed8fbcp-110, angle);
  const p::SineCosine pair = p::sine_cosine_of(p::Vec<double>{angle});
  const int64_t quadrant = (static_cast<int64_t>(n) + quarter_turns) & 3;
  const double value = quadrant % 2 == 0 ? pair.sine.value : pair.cosine.value;
  return quadrant >= 2 ? -value : value;
}

/// Ratio of two polynomials of degree 7, coefficients from the highest power down.
double ratio(const double (&top)[8], const double (&bottom)[8], double x) {
  double a = top[0];
  double b = bottom[0];
  for (int i = 1; i < 8; ++i) {
    a = __builtin_fma(a, x, top[i]);
    b = __builtin_fma(b, x, bottom[i]);
  }
  return a / b;
}

// AS 241, function PPND16: the central region, and two regions of the tail.
constexpr double kCentralTop[8] = {2.5090809287301226727e3, 3.3430575583588128105e4,
                                   6.7265770927008700853e4, 4.5921953931549871457e4,
                                   1.3731693765509461125e4, 1.9715909503065514427e3,
                                   1.3314166789178437745e2, 3.3871328727963666080e0};
constexpr double kCentralBottom[8] = {5.2264952788528545610e3, 2.8729085735721942674e4,
                                      3.9307895800092710610e4, 2.1213794301586595867e4,
                                      5.3941960214247511077e3, 6.8718700749205790830e2,
                                      4.2313330701600911252e1, 1.0};
constexpr double kMiddleTop[8] = {7.74545014278341407640e-4, 2.27238449892691845833e-2,
                                  2.41780725177450611770e-1, 1.27045825245236838258e0,
                                  3.64784832476320460504e0,  5.76949722146069140550e0,
                                  4.63033784615654529590e0,  1.42343711074968357734e0};
constexpr double kMiddleBottom[8] = {1.05075007164441684324e-9, 5.47593808499534494600e-4,
                                     1.51986665636164571966e-2, 1.48103976427480074590e-1,
                                     6.89767334985100004550e-1, 1.67638483018380384940e0,
                                     2.05319162663775882187e0,  1.0};
constexpr double kFarTop[8] = {2.01033439929228813265e-7, 2.71155556874348757815e-5,
                               1.24266094738807843860e-3, 2.65321895265761230930e-2,
                               2.96560571828504891230e-1, 1.78482653991729133580e0,
                               5.46378491116411436990e0,  6.65790464350110377720e0};
constexpr double kFarBottom[8] = {2.04426310338993978564e-15, 1.42151175831644588870e-7,
                                  1.84631831751005468180e-5,  7.86869131145613259100e-4,
                                  1.48753612908506148525e-2,  1.36929880922735805310e-1,
                                  5.99832206555887937690e-1,  1.0};

}  // namespace

double sin_f64(double x) { return shifted_sine(x, 0); }
double cos_f64(double x) { return shifted_sine(x, 1); }

double inverse_normal_cdf_f64(double p_value) {
  if (!(p_value >= 0.0 && p_value <= 1.0)) return __builtin_nan("");
  const double q = p_value - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    return q * ratio(kCentralTop, kCentralBottom, 0.180625 - q * q);
  }
  const double tail = q < 0.0 ? p_value : 1.0 - p_value;
  if (tail == 0.0) return q < 0.0 ? -__builtin_inf() : __builtin_inf();
  const double r = __builtin_sqrt(-log_f64(tail));
  const double size =
      r <= 5.0 ? ratio(kMiddleTop, kMiddleBottom, r - 1.6) : ratio(kFarTop, kFarBottom, r - 5.0);
  return q < 0.0 ? -size : size;
}

}  // namespace bb::kernels
