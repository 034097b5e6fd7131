// Symbol binding, substitution and merging of types.
#include "bb/ir/unify.h"

namespace bb::ir {
namespace {

bool bind_dim(const Dim& formal, const Dim& actual, Bindings& bindings) {
  if (formal.known()) return formal == actual;
  if (formal.symbol.empty()) return true;
  const auto [found, fresh] = bindings.emplace(formal.symbol, actual);
  return fresh || found->second == actual;
}

std::optional<Dim> merged_dim(const Dim& declared, const Dim& inferred) {
  if (declared.known() && inferred.known())
    return declared == inferred ? std::optional(inferred) : std::nullopt;
  if (declared.known()) return declared;
  const bool nothing = !inferred.known() && inferred.symbol.empty();
  return nothing ? declared : inferred;
}

}  // namespace

bool bind_symbols(const Type& formal, const Type& actual, Bindings& bindings) {
  if (formal.kind == Kind::kAny) return true;
  if (formal.kind != actual.kind || formal.dtype != actual.dtype) return false;
  if (!formal.shape) return true;
  if (!actual.shape || formal.shape->size() != actual.shape->size()) return false;
  for (size_t i = 0; i < formal.shape->size(); ++i)
    if (!bind_dim((*formal.shape)[i], (*actual.shape)[i], bindings)) return false;
  return true;
}

Type substituted(Type type, const Bindings& bindings) {
  if (!type.shape) return type;
  for (Dim& dim : *type.shape) {
    if (dim.known()) continue;
    const auto found = bindings.find(dim.symbol);
    if (found != bindings.end()) dim = found->second;
  }
  return type;
}

std::optional<Type> merged(const Type& declared, const Type& inferred) {
  if (declared.kind == Kind::kAny) return inferred;
  if (inferred.kind == Kind::kAny) return declared;
  if (declared.kind != inferred.kind) return std::nullopt;
  Type out = inferred;
  if (out.dtype == DType::kUndefined) out.dtype = declared.dtype;
  if (declared.dtype != DType::kUndefined && declared.dtype != out.dtype) return std::nullopt;
  if (!declared.shape) return out;
  if (!out.shape) {
    out.shape = declared.shape;
    return out;
  }
  if (declared.shape->size() != out.shape->size()) return std::nullopt;
  for (size_t i = 0; i < out.shape->size(); ++i) {
    std::optional<Dim> dim = merged_dim((*declared.shape)[i], (*out.shape)[i]);
    if (!dim) return std::nullopt;
    (*out.shape)[i] = std::move(*dim);
  }
  return out;
}

}  // namespace bb::ir
