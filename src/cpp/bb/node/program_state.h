// What a Program holds besides its public face: plans, tables, executables, drawn parameters.
#pragma once

#include <atomic>

#include "bb/node/program.h"
#include "bb/node/tables.h"

namespace bb {

struct Program::State {
  node::Tables tables;
  std::vector<Tensor> fills;  ///< by cell index, shared by every node; undefined for drawn cells
  std::vector<engine::Plan> plans;  ///< by target name
  std::map<std::string, std::shared_ptr<const Executable>, std::less<>> evaluations;

  /// Drawn parameters of one (slot, seed).
  struct Drawn {
    std::string slot;
    uint64_t seed = 0;
    Tensor params;
  };
  /// Seeds kept at most; the oldest goes first.
  static constexpr size_t kDrawnCap = 64;
  std::atomic_flag drawn_busy = ATOMIC_FLAG_INIT;  ///< guards `drawn` for the length of a look-up
  std::vector<Drawn> drawn;
};

}  // namespace bb
