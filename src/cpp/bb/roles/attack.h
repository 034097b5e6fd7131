// Attack contract: what colluding peers send instead of their honest vectors.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bb/base/philox.h"
#include "bb/roles/aggregator.h"

namespace bb {

enum class AttackLevel : uint8_t { kNone, kData, kUpdate, kWire };
enum class Knowledge : uint8_t { kNone, kOwn, kHonest, kRule };

/// What the colluders know when they act, once per (port, key).
struct AttackCall {
  DType dtype = DType::kF32;
  size_t d = 0;
  std::vector<Row> honest;  ///< honest rows sorted by peer id; empty below Knowledge::kHonest
  std::vector<Row> own;     ///< the colluders' own honest vectors, sorted by peer id
  size_t f = 0;             ///< number of held sends
  size_t n = 0;             ///< peers of the gather
  int64_t round = 0;
  const Tensor* params = nullptr;  ///< current parameters when known, (d,)
  Config* state = nullptr;         ///< kept from call to call, per adversary
  Stream rng{0, "attack"};
  /// Applies the defence to rows; set for Knowledge::kRule only.
  std::function<Result<Tensor>(std::span<const Row> rows)> rule;
};

/// What one held send becomes.
struct AttackAction {
  enum class Kind : uint8_t { kReplace, kDrop, kDelay, kDuplicate } kind = Kind::kReplace;
  Tensor row;            ///< kReplace: (d,)
  int64_t delay_ns = 0;  ///< kDelay
};

class Attack {
 public:
  virtual ~Attack() = default;
  virtual AttackLevel level() const = 0;
  virtual Knowledge knowledge() const { return Knowledge::kNone; }
  /// One action per own row, in order. Update and wire attacks.
  virtual Result<std::vector<AttackAction>> act(const AttackCall& call) const;
  /// Labels a poisoned peer trains on. Data attacks; y is (m,) int64 in [0, classes).
  virtual Result<Tensor> poison_labels(const Tensor& y, int64_t classes, Stream rng) const;
  /// Factor on a data-poisoned peer's own update (1: none).
  virtual double amplify() const { return 1.0; }
};

}  // namespace bb
