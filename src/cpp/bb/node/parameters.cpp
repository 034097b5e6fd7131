// Initial parameters by layout table, shared by every node of an experiment.
#include <algorithm>
#include <cmath>

#include "bb/node/program_state.h"

namespace bb {

namespace {

/// Holds the guard of the drawn parameters.
class Hold {
 public:
  explicit Hold(std::atomic_flag& flag) : flag_(flag) {
    while (flag_.test_and_set(std::memory_order_acquire)) {
    }
  }
  ~Hold() { flag_.clear(std::memory_order_release); }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

 private:
  std::atomic_flag& flag_;
};

Shape shape_of(const Config& row) {
  Shape shape;
  for (const Config& dim : row.get("shape").as_list()) shape.push_back(dim.as_int());
  return shape;
}

double fan(const Config& row, std::string_view key) {
  const Config& value = row.get(key);
  return value.is_number() ? std::max(value.as_number(), 1.0) : 1.0;
}

Tensor filled(DType dtype, Shape shape, double value) {
  Tensor out(dtype, std::move(shape));
  if (dtype == DType::kF64) {
    std::fill_n(out.mutable_data<double>(), out.size(), value);
  } else {
    std::fill_n(out.mutable_data<float>(), out.size(), static_cast<float>(value));
  }
  return out;
}

Result<Tensor> draw(const Backend& backend, const Config& row, DType dtype, Stream stream) {
  const Config& init = row.get("init");
  const std::string name = init.is_string() ? init.as_string() : "";
  if (name == "zero") return Tensor::zeros(dtype, shape_of(row));
  if (name == "he") {
    return backend.normals(dtype, shape_of(row), std::sqrt(2.0 / fan(row, "fan_in")), stream);
  }
  if (name == "glorot") {
    const double limit = std::sqrt(6.0 / (fan(row, "fan_in") + fan(row, "fan_out")));
    return backend.uniforms(dtype, shape_of(row), -limit, limit, stream);
  }
  if (init.get("fill").is_number()) {
    return filled(dtype, shape_of(row), init.get("fill").as_number());
  }
  return node::install_error("bad_table", "a parameter has an unknown initialisation", init.text(),
                             "use he, glorot, zero or fill",
                             row.get("name").is_string() ? row.get("name").as_string() : "");
}

Result<DType> dtype_of_layout(const Config& layout) {
  if (layout.as_list().empty()) return DType::kF32;
  const Config& name = layout.as_list().front().get("dtype");
  return dtype_named(name.is_string() ? name.as_string() : "float32");
}

Result<Tensor> draw_all(const Backend& backend, const std::string& slot, const Config& layout,
                        uint64_t seed) {
  BB_ASSIGN_OR_RETURN(const DType dtype, dtype_of_layout(layout));
  Tensor flat(dtype, {node::layout_size(layout)});
  std::byte* out = flat.mutable_raw();
  uint64_t index = 0;
  for (const Config& row : layout.as_list()) {
    BB_ASSIGN_OR_RETURN(const Tensor part,
                        draw(backend, row, dtype, Stream(seed, "init." + slot, index++)));
    if (part.bytes() > 0) std::memcpy(out, part.raw(), part.bytes());
    out += part.bytes();
  }
  return flat;
}

}  // namespace

Result<Tensor> Program::initial_params(std::string_view slot, uint64_t seed) const {
  const auto layout = state_->tables.layouts.find(std::string(slot));
  if (layout == state_->tables.layouts.end()) {
    std::vector<std::string> names;
    for (const auto& [name, table] : state_->tables.layouts) names.push_back(name);
    return make_error(Fault::kHost, "unknown_slot", "no model slot of this name", std::string(slot),
                      engine::suggest(slot, names));
  }
  const auto find = [&]() -> const Tensor* {
    for (const State::Drawn& drawn : state_->drawn) {
      if (drawn.slot == slot && drawn.seed == seed) return &drawn.params;
    }
    return nullptr;
  };
  {
    const Hold hold(state_->drawn_busy);
    if (const Tensor* params = find()) return *params;
  }
  BB_ASSIGN_OR_RETURN(Tensor params,
                      draw_all(*registry_.backend, layout->first, layout->second, seed));
  const Hold hold(state_->drawn_busy);
  if (const Tensor* earlier = find()) return *earlier;
  if (state_->drawn.size() >= State::kDrawnCap) state_->drawn.erase(state_->drawn.begin());
  state_->drawn.push_back({layout->first, seed, params});
  return params;
}

}  // namespace bb
