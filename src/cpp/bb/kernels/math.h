// Scalar elementary functions with the same bits on every machine; no libm beyond sqrt and fma.
#pragma once

namespace bb::kernels {

/// Error at most 2 ulp in double and 2 ulp in float, except where stated. Overflow gives infinity,
/// domain errors give NaN. The array kernels of map.h compute the same bits.
double exp_f64(double x);
float exp_f32(float x);
double log_f64(double x);
float log_f32(float x);
/// At most 4 ulp.
double tanh_f64(double x);
float tanh_f32(float x);
/// 1 / (1 + exp(-x)); at most 4 ulp.
double sigmoid_f64(double x);
float sigmoid_f32(float x);
/// Radians, |x| <= 2^30; beyond that the result is NaN.
double sin_f64(double x);
double cos_f64(double x);
/// Inverse of the standard normal distribution function (Wichura 1988, AS 241), relative error
/// about 1e-15. p = 0 and p = 1 give infinities; outside [0, 1] it is NaN.
double inverse_normal_cdf_f64(double p);

}  // namespace bb::kernels
