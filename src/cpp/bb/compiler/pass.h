// Pass: one step of the pipeline, with what it needs and what it ensures.
#pragma once

#include <cstdint>
#include <vector>

#include "bb/ir/graph.h"

namespace bb::compiler {

/// What a pass gives back: the program after it, and whether it changed anything.
struct PassResult {
  ir::Model model;
  bool modified = false;
};

/// Facts about a program that passes rely on; each is checked by properties.cpp.
enum class Property : uint32_t {
  kRecorded = 1u << 0,  ///< a recorded program with an entry function
  kNamed = 1u << 1,     ///< every node has a name, unique in its function
  kVerified = 1u << 2,  ///< every function passes ir::verify
  kBound = 1u << 3,     ///< every slot used has a binding of its role
  kInlined = 1u << 4,   ///< the entry calls no module function
  kExpanded = 1u << 5,  ///< no model operation is left in the entry
  kTyped = 1u << 6,     ///< every value of the entry has a type
  kFlat = 1u << 7,      ///< the entry calls nothing
  kPlaced = 1u << 8,    ///< every operation but constants is on a kind
  kCut = 1u << 9,       ///< one function per kind; NetOut became Send and Recv
  kFramed = 1u << 10,   ///< every operation but constants has a frame
  kFused = 1u << 11,    ///< targets hold no bare ai.onnx operation
  kStamped = 1u << 12,  ///< every metadata table of the artifact is there
  kSealed = 1u << 13,   ///< passport, digest and integrity are there and right
};

constexpr uint32_t operator|(Property a, Property b) {
  return static_cast<uint32_t>(a) | static_cast<uint32_t>(b);
}
constexpr uint32_t operator|(uint32_t a, Property b) { return a | static_cast<uint32_t>(b); }

struct Pass {
  const char* name;
  const char* summary;
  Result<PassResult> (*run)(ir::Model model);
  uint32_t needs;    ///< properties that hold before, or-ed
  uint32_t ensures;  ///< properties that hold after, or-ed
};

/// The pipeline, in order, from passes.def.
const std::vector<Pass>& passes();
/// Checks every property in `mask`. Errors: InternalError broken_property naming the property and
/// the place.
Status check_properties(const ir::Model& model, uint32_t mask);

}  // namespace bb::compiler
