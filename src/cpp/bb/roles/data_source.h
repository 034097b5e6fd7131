// DataSource role: draws the batches a node trains on.
#pragma once

#include "bb/roles/component.h"

namespace bb {

/// x (batch, …features) and y (batch,) int64.
struct Batch {
  Tensor x, y;
};

class DataSource : public Component {
 public:
  std::string_view role() const final { return "DataSource"; }
  virtual Result<Batch> next_batch(CallContext& context) = 0;
  /// Replaces the labels this source hands out (data poisoning in simulation): `map` gets the
  /// source's labels (m,) int64 and the number of classes. Errors: ConfigError cannot_relabel by
  /// default.
  virtual Status relabel(const std::function<Result<Tensor>(const Tensor&, int64_t)>& map);
  /// Changes every batch this source hands out from now on (data poisoning in simulation):
  /// `change` gets the batch and the number of classes. Errors: ConfigError cannot_poison by
  /// default.
  virtual Status tamper(std::function<Status(Batch&, int64_t)> change);
};

/// A view of shared arrays: rows `indices` of x and y.
struct DataView : Resource {
  Tensor x;        ///< (N, …features), float32 or float64
  Tensor y;        ///< (N,) int64, in [0, classes)
  Tensor indices;  ///< (m,) int64 rows of this node
  int64_t classes = 0;
  std::string digest() const override;
};

}  // namespace bb
