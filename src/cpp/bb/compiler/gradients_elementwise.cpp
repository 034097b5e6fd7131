// Gradients of elementwise operators; operands that were broadcast get sums.
//
// Patterns a backend may fuse, with y the forward output and dy its gradient:
//   Relu     dx = Mul(dy, Cast(Greater(y, 0)))
//   Tanh     dx = Mul(dy, Sub(1, Mul(y, y)))
//   Sigmoid  dx = Mul(dy, Mul(y, Sub(1, y)))
// All use y, so that the operand need not outlive the forward pass. At kinks: Relu 0, Abs 0, and
// Max and Min divide the gradient equally among equal operands.
#include "bb/compiler/gradients.h"

namespace bb::compiler {

Status add_gradient(Step& step) {
  BB_RETURN_IF_ERROR(step.add_unbroadcast(0, step.dy()));
  return step.add_unbroadcast(1, step.dy());
}

Status sum_gradient(Step& step) {
  for (size_t i = 0; i < step.node.inputs.size(); ++i)
    BB_RETURN_IF_ERROR(step.add_unbroadcast(i, step.dy()));
  return {};
}

Status sub_gradient(Step& step) {
  BB_RETURN_IF_ERROR(step.add_unbroadcast(0, step.dy()));
  if (!step.wants(1)) return {};
  return step.add_unbroadcast(1, step.write.unary("Neg", step.dy()));
}

Status mul_gradient(Step& step) {
  for (const size_t i : {0, 1})
    if (step.wants(i))
      BB_RETURN_IF_ERROR(
          step.add_unbroadcast(i, step.write.binary("Mul", step.dy(), step.in(1 - i))));
  return {};
}

Status div_gradient(Step& step) {
  const std::string quotient = step.write.binary("Div", step.dy(), step.in(1));
  BB_RETURN_IF_ERROR(step.add_unbroadcast(0, quotient));
  if (!step.wants(1)) return {};
  const std::string product = step.write.binary("Mul", quotient, step.out());
  return step.add_unbroadcast(1, step.write.unary("Neg", product));
}

Status neg_gradient(Step& step) {
  step.add(0, step.write.unary("Neg", step.dy()));
  return {};
}

Status exp_gradient(Step& step) {
  step.add(0, step.write.binary("Mul", step.dy(), step.out()));
  return {};
}

Status log_gradient(Step& step) {
  step.add(0, step.write.binary("Div", step.dy(), step.in(0)));
  return {};
}

Status sqrt_gradient(Step& step) {
  Writer& write = step.write;
  const std::string half = write.binary("Mul", step.dy(), write.scalar_like(0.5, step.dy()));
  step.add(0, write.binary("Div", half, step.out()));
  return {};
}

Status abs_gradient(Step& step) {
  Writer& write = step.write;
  const std::string& x = step.in(0);
  const std::string zero = write.scalar_like(0, x);
  const std::string above = write.cast(write.compare("Greater", x, zero), write.dtype(x));
  const std::string below = write.cast(write.compare("Less", x, zero), write.dtype(x));
  step.add(0, write.binary("Mul", step.dy(), write.binary("Sub", above, below)));
  return {};
}

Status relu_gradient(Step& step) {
  Writer& write = step.write;
  const std::string zero = write.scalar_like(0, step.out());
  const std::string mask = write.compare("Greater", step.out(), zero);
  step.add(0, write.binary("Mul", step.dy(), write.cast(mask, write.dtype(step.dy()))));
  return {};
}

Status tanh_gradient(Step& step) {
  Writer& write = step.write;
  const std::string square = write.binary("Mul", step.out(), step.out());
  const std::string slope = write.binary("Sub", write.scalar_like(1, square), square);
  step.add(0, write.binary("Mul", step.dy(), slope));
  return {};
}

Status sigmoid_gradient(Step& step) {
  Writer& write = step.write;
  const std::string rest = write.binary("Sub", write.scalar_like(1, step.out()), step.out());
  const std::string slope = write.binary("Mul", step.out(), rest);
  step.add(0, write.binary("Mul", step.dy(), slope));
  return {};
}

/// c · x^(c-1) for exponents known now.
static std::string constant_slope(Writer& write, const std::string& x, double c) {
  const std::string factor = write.scalar_like(c, x);
  if (c == 1) return factor;
  if (c == 2) return write.binary("Mul", x, factor);
  const std::string power = write.binary("Pow", x, write.scalar_like(c - 1, x));
  return write.binary("Mul", power, factor);
}

/// c · x^(c-1), and 0 where c is 0, for exponents that are values.
static std::string computed_slope(Writer& write, const std::string& x, const std::string& c) {
  const std::string zero = write.scalar_like(0, c);
  const std::string less = write.binary("Sub", c, write.scalar_like(1, c));
  const std::string safe = write.where(write.compare("Equal", c, zero), zero, less);
  return write.binary("Mul", write.binary("Pow", x, safe), c);
}

/// The exponent of a power is not differentiated.
Status pow_gradient(Step& step) {
  Writer& write = step.write;
  if (step.wants(1))
    return step.error("no_gradient", "the exponent of a power has no gradient rule", step.in(1),
                      "write the power as Exp(Mul(exponent, Log(base)))");
  const std::string& x = step.in(0);
  const auto constant = write.constant_number(step.in(1));
  if (constant == 0) {
    step.add(0, write.zeros_like(x));
    return {};
  }
  const std::string slope = constant
                                ? constant_slope(write, x, *constant)
                                : computed_slope(write, x, write.cast(step.in(1), write.dtype(x)));
  return step.add_unbroadcast(0, write.binary("Mul", step.dy(), slope));
}

Status extremum_gradient(Step& step) {
  Writer& write = step.write;
  std::vector<std::string> masks;
  std::string ties;
  for (size_t i = 0; i < step.node.inputs.size(); ++i) {
    const std::string hit = write.compare("Equal", step.in(i), step.out());
    masks.push_back(write.cast(hit, write.dtype(step.out())));
    ties = ties.empty() ? masks[i] : write.binary("Add", ties, masks[i]);
  }
  const std::string share = write.binary("Div", step.dy(), ties);
  for (size_t i = 0; i < masks.size(); ++i)
    if (step.wants(i))
      BB_RETURN_IF_ERROR(step.add_unbroadcast(i, write.binary("Mul", share, masks[i])));
  return {};
}

Status where_gradient(Step& step) {
  Writer& write = step.write;
  const std::string zero = write.scalar_like(0, step.dy());
  if (step.wants(1))
    BB_RETURN_IF_ERROR(step.add_unbroadcast(1, write.where(step.in(0), step.dy(), zero)));
  if (step.wants(2))
    BB_RETURN_IF_ERROR(step.add_unbroadcast(2, write.where(step.in(0), zero, step.dy())));
  return {};
}

Status cast_gradient(Step& step) {
  step.add(0, step.write.cast(step.dy(), step.write.dtype(step.in(0))));
  return {};
}

Status identity_gradient(Step& step) {
  step.add(0, step.dy());
  return {};
}

}  // namespace bb::compiler
