// all: every peer of one list that all nodes share, except the node itself.
#include "bb/base/catalog.h"
#include "bb/parts/selectors/draw.h"

namespace bb::selector_parts {
namespace {

class AllPeers final : public PeerSelector {
 public:
  explicit AllPeers(std::vector<PeerId> peers) : peers_(std::move(peers)) {}
  Result<Peers> view(CallContext& context) override { return others(context.self); }
  Result<Peers> sample(CallContext& context, SampleRequest request) override {
    return draw_sample(context, others(context.self), request);
  }

 private:
  const Peers& others(const PeerId& self) {
    if (!others_ || self_ != self) {
      self_ = self;
      others_ = without_self(peers_, self);
    }
    return others_;
  }

  std::vector<PeerId> peers_;
  PeerId self_;
  Peers others_;  ///< peers_ without self_
};

}  // namespace

Part<PeerSelector> part_all() {
  Descriptor info;
  info.family = "selectors";
  info.name = "all";
  info.summary = "Every peer of a shared list except the node itself.";
  info.params = {peers_param()};
  info.cost = "O(peers)";
  return {std::move(info), [](const Config& params) -> Result<std::shared_ptr<PeerSelector>> {
            BB_ASSIGN_OR_RETURN(std::vector<PeerId> peers, peers_of(params));
            return std::shared_ptr<PeerSelector>(std::make_shared<AllPeers>(std::move(peers)));
          }};
}

}  // namespace bb::selector_parts
