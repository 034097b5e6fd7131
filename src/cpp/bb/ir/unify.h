// Matching of types: a formal parameter against an argument, an inferred type against a declared
// one.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "bb/ir/type.h"

namespace bb::ir {

/// What the symbols of a callee stand for in one call.
using Bindings = std::map<std::string, Dim>;

/// Binds the symbols of `formal` so that it equals `actual`; false when it cannot.
bool bind_symbols(const Type& formal, const Type& actual, Bindings& bindings);
/// `type` with bound symbols replaced.
Type substituted(Type type, const Bindings& bindings);

/// The more precise of both, or nothing when they contradict: another kind, dtype, rank or number.
/// A symbol gives way to a number, an unknown dimension to either; `inferred` wins otherwise.
std::optional<Type> merged(const Type& declared, const Type& inferred);

}  // namespace bb::ir
