// Program: an artifact verified and lowered once; immutable, shared by every node made from it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bb/engine/plan.h"
#include "bb/ir/graph.h"
#include "bb/node/registry.h"

namespace bb {

class Program {
 public:
  /// Verifies passport, digests and every function, then lowers. Errors: InstallError
  /// not_an_artifact, truncated, integrity, unresolved (lists everything unresolved), ...
  static Result<std::shared_ptr<const Program>> load(std::string_view artifact,
                                                     const Registry& registry);

  const std::string& digest() const { return digest_; }
  std::vector<std::string> targets() const;
  const engine::Plan* plan(std::string_view target) const;
  const Config& bindings() const { return bindings_; }
  const Registry& registry() const { return registry_; }
  /// Number of float parameters of a model slot, or -1.
  int64_t parameter_count(std::string_view slot) const;
  /// Parameter layout table of a model slot (docs/ir.md).
  const Config& layout(std::string_view slot) const;
  /// Initial parameters of a slot, drawn by its layout from Stream(seed, "init." + slot, parameter
  /// index); cached per seed so that every node of an experiment shares one buffer.
  Result<Tensor> initial_params(std::string_view slot, uint64_t seed) const;
  /// Runs evaluate.<slot>: (params (D,), x (n, …), y (n,)) -> logits (n, k), loss_sum, correct.
  struct Evaluation {
    Tensor logits;
    double loss_sum = 0;
    int64_t correct = 0;
  };
  Result<Evaluation> evaluate(std::string_view slot, const Tensor& params, const Tensor& x,
                              const Tensor& y) const;

  /// What the node room reads besides (program_state.h).
  struct State;
  const State& state() const { return *state_; }

 private:
  friend struct ProgramBuilder;
  Program() = default;
  Registry registry_;
  std::string digest_;
  Config bindings_;
  std::shared_ptr<State> state_;
};

}  // namespace bb
