// Reads peer lists and draws samples by Philox.
#include "bb/parts/selectors/draw.h"

#include <algorithm>

#include "bb/roles/fraction.h"

namespace bb {
namespace {

Result<PeerId> peer_of(const Config& item) {
  if (item.is_int() && item.as_int() >= 0)
    return PeerId::from_int(static_cast<uint64_t>(item.as_int()));
  if (item.is_string()) return PeerId::parse(item.as_string());
  return make_error(Fault::kConfig, "bad_parameter", "a peer is an integer or a text", item.text(),
                    "give ids such as 7 or \"12D3Koo...\"", "selectors");
}

Result<size_t> wanted_count(size_t size, SampleRequest request) {
  if (request.n >= 0) {
    if (static_cast<uint64_t>(request.n) <= size) return static_cast<size_t>(request.n);
    return make_error(Fault::kConfig, "bad_sample",
                      "a sample without replacement cannot exceed the peers there are",
                      std::to_string(request.n) + " of " + std::to_string(size),
                      "ask for at most " + std::to_string(size), "selectors");
  }
  if (request.fraction > 0 && request.fraction <= 1) return ceil_count(request.fraction, size);
  return make_error(Fault::kConfig, "bad_sample", "a sample is a count or a fraction in (0, 1]",
                    Config(request.fraction).text(), "give n or a fraction in (0, 1]", "selectors");
}

}  // namespace

Result<std::vector<PeerId>> peers_of(const Config& params) {
  std::vector<PeerId> peers;
  for (const Config& item : params.get("peers").as_list()) {
    BB_ASSIGN_OR_RETURN(PeerId peer, peer_of(item));
    peers.push_back(std::move(peer));
  }
  std::sort(peers.begin(), peers.end());
  const auto twice = std::adjacent_find(peers.begin(), peers.end());
  if (twice != peers.end())
    return make_error(Fault::kConfig, "bad_parameter", "a peer is listed twice", twice->text(),
                      "list every peer once", "selectors");
  return peers;
}

Param peers_param() {
  return {.name = "peers",
          .type = ParamType::kList,
          .fallback = {},
          .required = true,
          .doc = "peer ids: integers or texts"};
}

Result<Peers> draw_sample(const CallContext& context, const Peers& peers, SampleRequest request) {
  BB_ASSIGN_OR_RETURN(const size_t count, wanted_count(peers->size(), request));
  if (count == peers->size()) return peers;
  std::vector<size_t> place(peers->size());
  for (size_t i = 0; i < place.size(); ++i) place[i] = i;
  Stream stream = context.stream("peers.sample");
  for (size_t i = 0; i < count; ++i)
    std::swap(place[i], place[i + stream.next_below(place.size() - i)]);
  std::sort(place.begin(), place.begin() + static_cast<std::ptrdiff_t>(count));
  std::vector<PeerId> sample;
  sample.reserve(count);
  for (size_t i = 0; i < count; ++i) sample.push_back((*peers)[place[i]]);
  return std::make_shared<const std::vector<PeerId>>(std::move(sample));
}

Peers without_self(const std::vector<PeerId>& peers, const PeerId& self) {
  std::vector<PeerId> others;
  others.reserve(peers.size());
  for (const PeerId& peer : peers)
    if (peer != self) others.push_back(peer);
  return std::make_shared<const std::vector<PeerId>>(std::move(others));
}

}  // namespace bb
