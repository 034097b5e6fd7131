// sample: a shared list with a configured sample size for requests that name none.
#include "bb/base/catalog.h"
#include "bb/parts/selectors/draw.h"

namespace bb::selector_parts {
namespace {

/// A request that names neither a count nor a fraction asks for every peer.
bool names_nothing(SampleRequest request) { return request.n < 0 && request.fraction == 1.0; }

class SampledPeers final : public PeerSelector {
 public:
  SampledPeers(std::vector<PeerId> peers, SampleRequest usual)
      : peers_(std::move(peers)), usual_(usual) {}
  Result<Peers> view(CallContext& context) override { return without_self(peers_, context.self); }
  Result<Peers> sample(CallContext& context, SampleRequest request) override {
    return draw_sample(context, without_self(peers_, context.self),
                       names_nothing(request) ? usual_ : request);
  }
  Result<Peers> neighbours(CallContext& context) override { return sample(context, usual_); }

 private:
  std::vector<PeerId> peers_;
  SampleRequest usual_;
};

Result<std::shared_ptr<PeerSelector>> make(const Config& params) {
  BB_ASSIGN_OR_RETURN(std::vector<PeerId> peers, peers_of(params));
  SampleRequest usual;
  BB_ASSIGN_OR_RETURN(usual.n, params.get_int("n", -1));
  BB_ASSIGN_OR_RETURN(usual.fraction, params.get_number("fraction", 1.0));
  const bool both = params.has("n") && params.has("fraction");
  const bool neither = !params.has("n") && !params.has("fraction");
  if (both || neither || !(usual.fraction > 0))
    return make_error(Fault::kConfig, "bad_parameter",
                      "the sample selector takes either n or a fraction in (0, 1]", params.text(),
                      "e.g. n=10 or fraction=0.1", "selectors.sample");
  return std::shared_ptr<PeerSelector>(std::make_shared<SampledPeers>(std::move(peers), usual));
}

}  // namespace

Part<PeerSelector> part_sample() {
  Descriptor info;
  info.family = "selectors";
  info.name = "sample";
  info.summary = "A fresh random sample of a shared list in every call.";
  info.params = {peers_param(),
                 {.name = "n",
                  .type = ParamType::kInt,
                  .fallback = {},
                  .required = false,
                  .doc = "peers to draw",
                  .min = 0},
                 {.name = "fraction",
                  .type = ParamType::kFloat,
                  .fallback = {},
                  .required = false,
                  .doc = "share of the peers to draw, rounded up",
                  .min = 0.0,
                  .max = 1.0}};
  info.cost = "O(peers)";
  info.extra["one_of"] = Config::List{"n", "fraction"};
  return {std::move(info), make};
}

}  // namespace bb::selector_parts
