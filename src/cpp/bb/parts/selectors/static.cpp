// static: exactly the configured peers.
#include "bb/base/catalog.h"
#include "bb/parts/selectors/draw.h"

namespace bb::selector_parts {
namespace {

class StaticPeers final : public PeerSelector {
 public:
  explicit StaticPeers(std::vector<PeerId> peers)
      : peers_(std::make_shared<const std::vector<PeerId>>(std::move(peers))) {}
  Result<Peers> view(CallContext&) override { return peers_; }
  Result<Peers> sample(CallContext& context, SampleRequest request) override {
    return draw_sample(context, peers_, request);
  }

 private:
  Peers peers_;
};

}  // namespace

Part<PeerSelector> part_static() {
  Descriptor info;
  info.family = "selectors";
  info.name = "static";
  info.summary = "Exactly the configured peers, in every round.";
  info.params = {peers_param()};
  info.cost = "O(peers)";
  return {std::move(info), [](const Config& params) -> Result<std::shared_ptr<PeerSelector>> {
            BB_ASSIGN_OR_RETURN(std::vector<PeerId> peers, peers_of(params));
            return std::shared_ptr<PeerSelector>(std::make_shared<StaticPeers>(std::move(peers)));
          }};
}

}  // namespace bb::selector_parts
