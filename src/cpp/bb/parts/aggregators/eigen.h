// All eigenpairs of a small symmetric matrix, with the same bits on every machine.
#pragma once

#include <memory_resource>
#include <span>
#include <vector>

namespace bb::rules {

/// Eigenvalues in descending order (equal ones in the order of the diagonal) and unit eigenvectors.
struct Spectrum {
  std::pmr::vector<double> values;
  std::pmr::vector<double> vectors;  ///< n x n; row k belongs to values[k]
  std::span<const double> vector(size_t k) const {
    return std::span(vectors).subspan(k * values.size(), values.size());
  }
};

/// Cyclic Jacobi rotations in double until the off-diagonal is below 1e-15 of the matrix
/// (Golub and Van Loan, Matrix Computations, 8.5). Uses no function of libm but sqrt.
///
/// Args: `matrix` is n x n, symmetric and finite. The component of largest magnitude of every
/// eigenvector (the first of equal ones) is positive.
Spectrum spectrum_of(std::span<const double> matrix, size_t n, std::pmr::memory_resource* memory);

}  // namespace bb::rules
