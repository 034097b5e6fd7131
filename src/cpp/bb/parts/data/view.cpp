// view: batches drawn with replacement from a node's rows of shared arrays.
#include "bb/parts/data/view.h"

#include "bb/base/catalog.h"
#include "bb/kernels/table.h"

namespace bb {
namespace {

Error bad_data(std::string code, std::string message, std::string value, std::string hint) {
  return make_error(Fault::kData, std::move(code), std::move(message), std::move(value),
                    std::move(hint), "data.view");
}

Status check_arrays(const Tensor& x, const Tensor& y, const Tensor& indices, int64_t classes) {
  if (x.dtype() != DType::kF32 && x.dtype() != DType::kF64)
    return bad_data("bad_dtype", "x must be float32 or float64", std::string(name_of(x.dtype())),
                    "convert x to float32");
  if (y.dtype() != DType::kI64)
    return bad_data("bad_dtype", "y must be int64", std::string(name_of(y.dtype())),
                    "convert y to int64");
  if (indices.dtype() != DType::kI64)
    return bad_data("bad_dtype", "indices must be int64", std::string(name_of(indices.dtype())),
                    "convert the indices to int64");
  if (x.shape().empty() || y.shape().size() != 1 || x.shape()[0] != y.shape()[0])
    return bad_data("shape_mismatch", "x and y must have one row per example",
                    text_of(x.shape()) + " and " + text_of(y.shape()),
                    "give x (N, ...) and y (N,)");
  if (indices.shape().size() != 1)
    return bad_data("shape_mismatch", "indices must be one list", text_of(indices.shape()),
                    "give indices (m,)");
  if (indices.size() == 0)
    return bad_data("empty_shard", "this peer has no examples", "m=0",
                    "use fewer peers, more data, or a partition that leaves none empty");
  if (classes < 1)
    return bad_data("label_out_of_range", "there must be a class at least", std::to_string(classes),
                    "give the number of classes");
  return {};
}

size_t non_finite_count(const Tensor& x, int64_t row, size_t features) {
  const auto first = static_cast<size_t>(row) * features;
  return x.dtype() == DType::kF32
             ? kernels::active().count_non_finite_f32(x.data<float>() + first, features)
             : kernels::active().count_non_finite_f64(x.data<double>() + first, features);
}

Status check_rows(const DataView& view) {
  const int64_t examples = view.x.shape()[0];
  const auto features = static_cast<size_t>(examples == 0 ? 0 : view.x.size() / examples);
  for (const int64_t row : view.indices.view<int64_t>()) {
    if (row < 0 || row >= examples)
      return bad_data("index_out_of_range",
                      "an index is outside [0, " + std::to_string(examples) + ")",
                      std::to_string(row), "give row numbers of x");
    const int64_t label = view.y.data<int64_t>()[row];
    if (label < 0 || label >= view.classes)
      return bad_data("label_out_of_range",
                      "the label of row " + std::to_string(row) + " is outside [0, " +
                          std::to_string(view.classes) + ")",
                      std::to_string(label), "number the classes from 0, or raise classes");
    const size_t bad = non_finite_count(view.x, row, features);
    if (bad != 0)
      return bad_data("non_finite",
                      "row " + std::to_string(row) + " of x has values that are not finite",
                      std::to_string(bad) + " of " + std::to_string(features),
                      "clean the data: x must be finite");
  }
  return {};
}

class ViewSource final : public DataSource {
 public:
  explicit ViewSource(size_t batch) : batch_(batch) {}

  Status attach(std::shared_ptr<const Resource> resource) override {
    auto view = std::dynamic_pointer_cast<const DataView>(resource);
    if (!view)
      return make_error(Fault::kConfig, "wrong_resource", "a data source takes a view of arrays",
                        {}, "pass resources={slot: dataset view}", "data.view");
    if (view->indices.size() == 0)
      return bad_data("empty_shard", "this peer has no examples", "m=0",
                      "use fewer peers, more data, or a partition that leaves none empty");
    view_ = std::move(view);
    relabelled_ = Tensor();
    row_bytes_ = view_->x.bytes() / static_cast<size_t>(view_->x.shape()[0]);
    batch_shape_ = view_->x.shape();
    batch_shape_[0] = static_cast<int64_t>(batch_);
    return {};
  }

  Result<Batch> next_batch(CallContext& context) override {
    if (!view_) return no_data();
    Batch out{Tensor(view_->x.dtype(), batch_shape_),
              Tensor(DType::kI64, {static_cast<int64_t>(batch_)})};
    std::byte* x = out.x.mutable_raw();
    int64_t* y = out.y.mutable_data<int64_t>();
    const std::byte* source = view_->x.raw();
    const int64_t* labels = view_->y.data<int64_t>();
    const int64_t* own_labels = relabelled_.defined() ? relabelled_.data<int64_t>() : nullptr;
    const int64_t* rows = view_->indices.data<int64_t>();
    const auto size = static_cast<uint64_t>(view_->indices.size());
    Stream stream(context.seed, "data.batch", context.node_lane, context.call);
    for (size_t i = 0; i < batch_; ++i) {
      const uint64_t place = stream.next_below(size);
      const int64_t row = rows[place];
      std::memcpy(x + i * row_bytes_, source + static_cast<size_t>(row) * row_bytes_, row_bytes_);
      y[i] = own_labels ? own_labels[place] : labels[row];
    }
    if (change_) BB_RETURN_IF_ERROR(change_(out, view_->classes));
    return out;
  }

  Status relabel(const std::function<Result<Tensor>(const Tensor&, int64_t)>& map) override {
    if (!view_) return no_data();
    Tensor own(DType::kI64, view_->indices.shape());
    int64_t* label = own.mutable_data<int64_t>();
    for (const int64_t row : view_->indices.view<int64_t>())
      *label++ = view_->y.data<int64_t>()[row];
    BB_ASSIGN_OR_RETURN(Tensor mapped, map(own, view_->classes));
    BB_RETURN_IF_ERROR(check_labels(mapped));
    relabelled_ = std::move(mapped);
    return {};
  }

  Status tamper(std::function<Status(Batch&, int64_t)> change) override {
    change_ = std::move(change);
    return {};
  }

 private:
  static Error no_data() {
    return make_error(Fault::kConfig, "no_data", "the data source has no data", {},
                      "pass resources={slot: dataset view} at install", "data.view");
  }

  Status check_labels(const Tensor& mapped) const {
    if (mapped.dtype() != DType::kI64 || mapped.shape() != view_->indices.shape())
      return bad_data("shape_mismatch", "changed labels must be one int64 per example",
                      mapped.text(), "return int64 " + text_of(view_->indices.shape()));
    for (const int64_t label : mapped.view<int64_t>())
      if (label < 0 || label >= view_->classes)
        return bad_data("label_out_of_range",
                        "a changed label is outside [0, " + std::to_string(view_->classes) + ")",
                        std::to_string(label), "return classes of this data set");
    return {};
  }

  size_t batch_;
  std::shared_ptr<const DataView> view_;
  Tensor relabelled_;  ///< (m,) labels in the order of the view's rows; undefined: the true ones
  std::function<Status(Batch&, int64_t)> change_;  ///< of every batch, when poisoned
  size_t row_bytes_ = 0;
  Shape batch_shape_;
};

}  // namespace

Result<std::shared_ptr<DataView>> make_view(Tensor x, Tensor y, Tensor indices, int64_t classes) {
  BB_RETURN_IF_ERROR(check_arrays(x, y, indices, classes));
  auto view = std::make_shared<DataView>();
  view->x = std::move(x);
  view->y = std::move(y);
  view->indices = std::move(indices);
  view->classes = classes;
  BB_RETURN_IF_ERROR(check_rows(*view));
  return view;
}

std::vector<int64_t> batch_indices(uint64_t seed, uint64_t node, uint64_t step, size_t batch,
                                   size_t size) {
  BB_CHECK(size >= 1);
  Stream stream(seed, "data.batch", node, step);
  std::vector<int64_t> out(batch);
  for (int64_t& place : out) place = static_cast<int64_t>(stream.next_below(size));
  return out;
}

namespace data_parts {

Part<DataSource> part_view() {
  Descriptor info;
  info.family = "data_sources";
  info.name = "view";
  info.summary = "Batches from the node's rows of shared arrays, drawn with replacement.";
  info.params = {{.name = "batch",
                  .type = ParamType::kInt,
                  .fallback = 32,
                  .doc = "examples per batch",
                  .min = 1,
                  .max = 1e9},
                 {.name = "mode",
                  .type = ParamType::kString,
                  .fallback = "replacement",
                  .doc = "how examples are drawn",
                  .choices = {"replacement"}}};
  info.cost = "O(batch features)";
  return {std::move(info), [](const Config& params) -> Result<std::shared_ptr<DataSource>> {
            return std::shared_ptr<DataSource>(
                std::make_shared<ViewSource>(static_cast<size_t>(params.get("batch").as_int())));
          }};
}

}  // namespace data_parts
}  // namespace bb
