// The defaults of data sources, and the digest of a view: what its node can see, in any layout.
#include "bb/roles/data_source.h"

#include "bb/base/sha256.h"

namespace bb {

Status DataSource::relabel(const std::function<Result<Tensor>(const Tensor&, int64_t)>&) {
  return make_error(Fault::kConfig, "cannot_relabel", "this data source has no labels to change",
                    {},
                    "use a data source over labelled arrays, or an attack that poisons no labels");
}

Status DataSource::tamper(std::function<Status(Batch&, int64_t)>) {
  return make_error(Fault::kConfig, "cannot_poison", "this data source's batches cannot be changed",
                    {}, "use a data source over arrays, or an attack that poisons no batches");
}

std::string DataView::digest() const {
  const int64_t count = indices.size();
  const size_t rows = x.shape().empty() ? 0 : static_cast<size_t>(x.shape()[0]);
  const size_t row_bytes = rows == 0 ? 0 : x.bytes() / rows;
  Sha256 hash;
  hash.update(std::string_view("bb.view", 8));  // with its terminating zero
  hash.update_u64(static_cast<uint64_t>(x.dtype()));
  hash.update_u64(x.shape().size());
  for (size_t axis = 1; axis < x.shape().size(); ++axis)
    hash.update_u64(static_cast<uint64_t>(x.shape()[axis]));
  hash.update_u64(static_cast<uint64_t>(classes));
  hash.update_u64(static_cast<uint64_t>(count));
  for (const int64_t index : indices.view<int64_t>()) {
    hash.update(x.raw() + static_cast<size_t>(index) * row_bytes, row_bytes);
    hash.update_u64(static_cast<uint64_t>(y.data<int64_t>()[index]));
  }
  return hex(hash.finish());
}

}  // namespace bb
