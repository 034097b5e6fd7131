// Gradients of matrix products; transposes are folded into Gemm where operands are matrices.
#include <utility>

#include "bb/compiler/gradients.h"

namespace bb::compiler {
namespace {

std::string swap_last(Writer& write, const std::string& x) {
  Ints perm = all_axes(write.rank(x));
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return write.transpose(x, perm);
}

/// The gradient of a in a @ b; both have at least two axes; broadcast axes are not summed.
std::string left_gradient(Writer& write, const std::string& a, const std::string& b,
                          const std::string& dy) {
  if (write.rank(b) != 2) return write.matmul(dy, swap_last(write, b));
  return write.reshape_like(write.gemm(write.to_matrix(dy), false, b, true), a);
}

/// The gradient of b in a @ b, likewise.
std::string right_gradient(Writer& write, const std::string& a, const std::string& b,
                           const std::string& dy) {
  if (write.rank(b) != 2) return write.matmul(swap_last(write, a), dy);
  return write.gemm(write.to_matrix(a), true, write.to_matrix(dy), false);
}

}  // namespace

/// Vectors become matrices of one row (left) or one column (right) and back.
Status matmul_gradient(Step& step) {
  Writer& write = step.write;
  const bool row = write.rank(step.in(0)) == 1;
  const bool column = write.rank(step.in(1)) == 1;
  const std::string a = row ? write.unsqueeze(step.in(0), {0}) : step.in(0);
  const std::string b = column ? write.unsqueeze(step.in(1), {1}) : step.in(1);
  std::string dy = step.dy();
  if (column) dy = write.unsqueeze(dy, {write.rank(dy)});
  if (row) dy = write.unsqueeze(dy, {write.rank(dy) - 1});
  if (step.wants(0)) {
    const std::string da = left_gradient(write, a, b, dy);
    const std::string flat = row ? write.squeeze(da, {write.rank(da) - 2}) : da;
    BB_RETURN_IF_ERROR(step.add_unbroadcast(0, flat));
  }
  if (step.wants(1)) {
    const std::string db = right_gradient(write, a, b, dy);
    const std::string flat = column ? write.squeeze(db, {write.rank(db) - 1}) : db;
    BB_RETURN_IF_ERROR(step.add_unbroadcast(1, flat));
  }
  return {};
}

/// y = alpha · A' B' + beta · C, where ' transposes when asked to.
Status gemm_gradient(Step& step) {
  Writer& write = step.write;
  const std::string& dy = step.dy();
  const double alpha = step.node.float_attr("alpha", 1);
  const double beta = step.node.float_attr("beta", 1);
  const bool trans_a = step.node.int_attr("transA", 0) != 0;
  const bool trans_b = step.node.int_attr("transB", 0) != 0;
  if (step.wants(0))
    step.add(0, trans_a ? write.gemm(step.in(1), trans_b, dy, true, alpha)
                        : write.gemm(dy, false, step.in(1), !trans_b, alpha));
  if (step.wants(1))
    step.add(1, trans_b ? write.gemm(dy, true, step.in(0), trans_a, alpha)
                        : write.gemm(step.in(0), !trans_a, dy, false, alpha));
  if (!step.wants(2)) return {};
  return step.add_unbroadcast(
      2, beta == 1 ? dy : write.binary("Mul", dy, write.scalar_like(beta, dy)));
}

}  // namespace bb::compiler
