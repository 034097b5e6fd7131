// Arithmetic of symbolic dimensions: equality, broadcasting, sums, products, quotients.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bb/ir/type.h"

namespace bb::ir {

using Dims = std::vector<Dim>;

/// An integer element of a shape: a number, a symbol, or unknown.
struct SymbolicInt {
  int64_t number = 0;
  std::string symbol;    ///< not empty: the value of this dimension
  bool unknown = false;  ///< neither number nor symbol is known
  bool is_number() const { return !unknown && symbol.empty(); }
  friend bool operator==(const SymbolicInt&, const SymbolicInt&) = default;
};
SymbolicInt integer_of(const Dim& dim);

/// The common value of two dimensions that must be equal; absent when they differ. An unknown one
/// equals anything; different symbols differ, and so do a symbol and a number.
std::optional<Dim> same_dim(const Dim& a, const Dim& b);
std::optional<Dims> same_dims(std::span<const Dim> a, std::span<const Dim> b);

/// NumPy broadcasting: as same_dim, and 1 gives way to anything.
std::optional<Dims> broadcast_dims(std::span<const Dim> a, std::span<const Dim> b);

/// Sum and product in canonical text, "N+M+3" and "N*12", so equal computations give equal symbols.
/// Unknown when a term is, on overflow, and when the text would pass 256 characters.
Dim dim_sum(std::span<const Dim> terms);
Dim dim_product(std::span<const Dim> factors);
/// product(over) / product(under) when it can be shown to be whole; absent otherwise.
std::optional<Dim> dim_quotient(std::span<const Dim> over, std::span<const Dim> under);
/// True when both products are the same, false when they differ or cannot be compared.
bool same_product(std::span<const Dim> a, std::span<const Dim> b);
/// A symbol for a size that follows from `dim` in a way that only `rule` knows.
Dim derived_dim(const Dim& dim, const std::string& rule);

/// "[N,64]"
std::string text_of(std::span<const Dim> dims);

}  // namespace bb::ir
