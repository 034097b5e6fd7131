// Types of values: tensors with symbolic shapes, and the few non-tensor kinds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bb/base/error.h"
#include "bb/tensor/tensor.h"

namespace bb::ir {

/// One dimension: a number, a symbol, or unknown.
struct Dim {
  int64_t value = -1;  ///< >= 0 when known
  std::string symbol;  ///< when not known; empty = unknown
  bool known() const { return value >= 0; }
  std::string text() const;  ///< "64", "N" or "?"
  friend bool operator==(const Dim&, const Dim&) = default;
};

/// True when `text` may name a dimension: no digit or sign first, no blanks, commas or brackets.
bool legal_symbol(std::string_view text);

enum class Kind : uint8_t { kAny, kTensor, kTrigger, kPeer, kPeers, kArrived, kDecisions, kBytes };

/// "trigger", "peers", …; "tensor" for kTensor.
std::string_view name_of(Kind kind);
/// The kind of a non-tensor type name.
std::optional<Kind> kind_named(std::string_view name);

/// A lattice element; kAny is "not known yet".
struct Type {
  Kind kind = Kind::kAny;
  DType dtype = DType::kUndefined;
  std::optional<std::vector<Dim>> shape;  ///< nullopt: rank unknown

  static Type tensor(DType dtype, std::vector<Dim> shape);
  static Type tensor(DType dtype, const Shape& shape);
  static Type of(Kind kind);
  bool is_tensor() const { return kind == Kind::kTensor; }
  /// True when dtype and every dimension are known or symbolic.
  bool complete() const;
  std::string text() const;  ///< "float32[N,64]", "trigger", ...
  static Result<Type> parse(std::string_view text);
  friend bool operator==(const Type&, const Type&) = default;
};

}  // namespace bb::ir
