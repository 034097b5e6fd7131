// Plain stand-ins for parts: a backend of a few loops, fixed selectors, a mean.
#pragma once

#include <map>
#include <utility>

#include "bb/node/registry.h"

namespace bb::test {

/// Runs Neg, Add and Mul of float32 tensors of one shape, and Identity, in plain loops.
class FakeExecutable : public Executable {
 public:
  explicit FakeExecutable(ir::Function function) : function_(std::move(function)) {}
  Status run(std::span<const Tensor> inputs, std::span<Tensor> outputs) const override {
    std::map<std::string, Tensor> values;
    for (size_t i = 0; i < inputs.size(); ++i) values[function_.inputs[i]] = inputs[i];
    for (const ir::Node& node : function_.nodes) {
      const Tensor& a = values[node.inputs[0]];
      const Tensor& b = values[node.inputs.back()];
      if (a.shape() != b.shape()) {
        return make_error(Fault::kData, "shape_mismatch", "shapes differ", a.text() + b.text());
      }
      values[node.outputs[0]] = apply(node.op, a, b);
    }
    for (size_t i = 0; i < outputs.size(); ++i) outputs[i] = values[function_.outputs[i]];
    return {};
  }

 private:
  static Tensor apply(const std::string& op, const Tensor& a, const Tensor& b) {
    if (op == "Identity") return a;
    Tensor out(a.dtype(), a.shape());
    float* data = out.mutable_data<float>();
    for (int64_t i = 0; i < a.size(); ++i) {
      const float x = a.data<float>()[i], y = b.data<float>()[i];
      data[i] = op == "Neg" ? -x : op == "Add" ? x + y : x * y;
    }
    return out;
  }
  ir::Function function_;
};

class FakeBackend : public Backend {
 public:
  Result<std::shared_ptr<const Executable>> prepare(const ir::Function& function) const override {
    for (const ir::Node& node : function.nodes) {
      if (node.op == "Neg" || node.op == "Add" || node.op == "Mul" || node.op == "Identity") {
        continue;
      }
      return make_error(Fault::kInstall, "unsupported_op", "no kernel", node.op);
    }
    return std::shared_ptr<const Executable>(std::make_shared<FakeExecutable>(function));
  }
  Result<Tensor> normals(DType dtype, Shape shape, double std, Stream stream) const override {
    return fill(dtype, std::move(shape), 0.0, std, stream);
  }
  Result<Tensor> uniforms(DType dtype, Shape shape, double low, double high,
                          Stream stream) const override {
    return fill(dtype, std::move(shape), low, high, stream);
  }

 private:
  static Tensor fill(DType dtype, Shape shape, double low, double high, Stream stream) {
    Tensor out(dtype, std::move(shape));
    for (int64_t i = 0; i < out.size(); ++i) {
      out.mutable_data<float>()[i] = static_cast<float>(low + (high - low) * stream.next_double());
    }
    return out;
  }
};

inline Peers peers_of(const std::vector<uint64_t>& ids) {
  std::vector<PeerId> peers;
  for (const uint64_t id : ids) peers.push_back(PeerId::from_int(id));
  return std::make_shared<const std::vector<PeerId>>(std::move(peers));
}

/// Knows the peers 1 … count.
class FixedSelector : public PeerSelector {
 public:
  explicit FixedSelector(int64_t count) {
    std::vector<uint64_t> ids;
    for (int64_t i = 1; i <= count; ++i) ids.push_back(static_cast<uint64_t>(i));
    peers_ = peers_of(ids);
  }
  Result<Peers> view(CallContext&) override { return peers_; }
  Result<Peers> sample(CallContext&, SampleRequest request) override {
    const size_t n = request.n < 0 ? peers_->size() : static_cast<size_t>(request.n);
    return std::make_shared<const std::vector<PeerId>>(peers_->begin(),
                                                       peers_->begin() + static_cast<long>(n));
  }

 private:
  Peers peers_;
};

/// Sum of the rows divided by their number; skips when no row arrived.
class MeanRule : public Aggregator {
 public:
  size_t min_n(size_t) const override { return 1; }
  int64_t max_f(size_t) const override { return 0; }
  int64_t f() const override { return -1; }
  Status check(size_t) const override { return {}; }
  Result<std::shared_ptr<const Aggregation>> aggregate(CallContext&,
                                                       const AggregateInput& input) override {
    auto out = std::make_shared<Aggregation>();
    for (const PeerId& peer : input.missing) {
      out->decisions.push_back({peer, Verdict::kRejected, "missing", 0.0, 0.0});
    }
    if (input.rows.empty()) {
      out->skipped = true;
      out->skip_reason = "too_few";
      return std::shared_ptr<const Aggregation>(std::move(out));
    }
    out->vector = Tensor::zeros(input.dtype, {static_cast<int64_t>(input.d)});
    float* sum = out->vector.mutable_data<float>();
    for (const Row& row : input.rows) {
      out->decisions.push_back({row.peer, Verdict::kAccepted, "", 0.0, 0.0});
      for (size_t i = 0; i < input.d; ++i) sum[i] += static_cast<const float*>(row.data)[i];
    }
    for (size_t i = 0; i < input.d; ++i) sum[i] /= static_cast<float>(input.rows.size());
    return std::shared_ptr<const Aggregation>(std::move(out));
  }
};

inline Descriptor described(std::string family, std::string name, std::vector<Param> params = {}) {
  Descriptor out;
  out.family = std::move(family);
  out.name = std::move(name);
  out.params = std::move(params);
  return out;
}

inline const Catalog<PeerSelector>& fake_selectors() {
  Param count;
  count.name = "count";
  count.fallback = Config(2);
  count.min = 0;
  static const Catalog<PeerSelector> catalog(
      "selectors", {{described("selectors", "first", {count}),
                     [](const Config& params) -> Result<std::shared_ptr<PeerSelector>> {
                       return std::shared_ptr<PeerSelector>(
                           std::make_shared<FixedSelector>(params.get("count").as_int()));
                     }}});
  return catalog;
}

inline const Catalog<Aggregator>& fake_aggregators() {
  static const Catalog<Aggregator> catalog(
      "aggregators", {{described("aggregators", "average"),
                       [](const Config&) -> Result<std::shared_ptr<Aggregator>> {
                         return std::shared_ptr<Aggregator>(std::make_shared<MeanRule>());
                       }}});
  return catalog;
}

inline Registry fake_registry() {
  static const FakeBackend backend;
  static const Catalog<DataSource> no_data("data_sources", {});
  return {&backend, &fake_aggregators(), &no_data, &fake_selectors()};
}

}  // namespace bb::test
