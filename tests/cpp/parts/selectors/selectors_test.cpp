// Peer lists, exclusion of the node itself, and samples that are fair and repeatable.
#include <gtest/gtest.h>

#include <algorithm>

#include "bb/parts/selectors/catalog.h"
#include "bb/parts/selectors/draw.h"
#include "bb/roles/fraction.h"

namespace bb {
namespace {

using Dict = Config::Dict;

Config::List ids(int count) {
  Config::List list;
  for (int i = count - 1; i >= 0; --i) list.push_back(i);
  return list;
}

std::shared_ptr<PeerSelector> make(std::string_view name, Dict params) {
  auto made = selectors().make(name, Config(std::move(params)));
  EXPECT_TRUE(made.ok()) << made.error().text();
  return made.value();
}

CallContext context_of(uint64_t self, uint64_t call = 0, uint64_t seed = 1) {
  CallContext context;
  context.self = PeerId::from_int(self);
  context.node_lane = self;
  context.call = call;
  context.seed = seed;
  return context;
}

std::vector<int64_t> numbers(const Result<Peers>& peers) {
  EXPECT_TRUE(peers.ok());
  std::vector<int64_t> out;
  for (const PeerId& peer : **peers) out.push_back(peer.index());
  return out;
}

std::string made_error(std::string_view name, Dict params) {
  auto made = selectors().make(name, Config(std::move(params)));
  return made.ok() ? "" : made.error().code;
}

TEST(Static, keeps_exactly_its_peers_in_order) {
  auto selector = make("static", {{"peers", Config::List{3, 1, "2"}}});
  auto context = context_of(1);
  EXPECT_EQ(numbers(selector->view(context)), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(numbers(selector->neighbours(context)), (std::vector<int64_t>{1, 2, 3}));
}

TEST(All, leaves_the_node_itself_out) {
  auto selector = make("all", {{"peers", ids(4)}});
  auto context = context_of(2);
  EXPECT_EQ(numbers(selector->view(context)), (std::vector<int64_t>{0, 1, 3}));
  EXPECT_EQ(numbers(selector->sample(context, {})), (std::vector<int64_t>{0, 1, 3}));
}

TEST(Peers, must_be_ids_without_repeats) {
  EXPECT_EQ(made_error("static", {{"peers", Config::List{1, 1}}}), "bad_parameter");
  EXPECT_EQ(made_error("static", {{"peers", Config::List{true}}}), "bad_parameter");
  EXPECT_EQ(made_error("static", {{"peers", 3}}), "bad_parameter");
  EXPECT_EQ(made_error("static", {}), "missing_parameter");
  EXPECT_EQ(made_error("static", {{"peers", Config::List{-1}}}), "bad_parameter");
}

/// The first places of a Fisher-Yates shuffle, written out.
std::vector<int64_t> shuffled(uint64_t seed, uint64_t node, uint64_t call, size_t size, size_t k) {
  std::vector<int64_t> place(size);
  for (size_t i = 0; i < size; ++i) place[i] = static_cast<int64_t>(i);
  Stream stream(seed, "peers.sample", node, call);
  for (size_t i = 0; i < k; ++i) {
    const size_t other = i + stream.next_below(size - i);
    std::swap(place[i], place[other]);
  }
  place.resize(k);
  std::sort(place.begin(), place.end());
  return place;
}

TEST(Sample, is_a_sorted_shuffle_prefix) {
  auto selector = make("static", {{"peers", ids(20)}});
  for (uint64_t call = 0; call < 10; ++call) {
    auto context = context_of(5, call, 9);
    EXPECT_EQ(numbers(selector->sample(context, {.n = 6})), shuffled(9, 5, call, 20, 6));
  }
}

TEST(Sample, draws_every_peer_about_equally_often) {
  auto selector = make("static", {{"peers", ids(10)}});
  std::vector<int> count(10, 0);
  for (uint64_t call = 0; call < 3000; ++call) {
    auto context = context_of(0, call);
    for (const int64_t peer : numbers(selector->sample(context, {.n = 3})))
      ++count[static_cast<size_t>(peer)];
  }
  for (const int times : count) EXPECT_NEAR(times, 900, 5 * 25.1);  // sd = sqrt(3000 * .3 * .7)
}

TEST(Sample, takes_a_fraction_rounded_up) {
  auto selector = make("static", {{"peers", ids(15)}});
  auto context = context_of(0);
  EXPECT_EQ(numbers(selector->sample(context, {.fraction = 0.2})).size(), 3u);
  EXPECT_EQ(numbers(selector->sample(context, {.fraction = 0.21})).size(), 4u);
  EXPECT_EQ(numbers(selector->sample(context, {.n = 0})).size(), 0u);
}

TEST(Sample, refuses_more_than_there_is) {
  auto selector = make("static", {{"peers", ids(3)}});
  auto context = context_of(0);
  const auto sample = selector->sample(context, {.n = 4});
  ASSERT_FALSE(sample.ok());
  EXPECT_EQ(sample.error().code, "bad_sample");
  EXPECT_EQ(sample.error().value, "4 of 3");
  EXPECT_FALSE(selector->sample(context, {.fraction = 0.0}).ok());
}

TEST(SampleSelector, uses_its_own_size_unless_asked) {
  auto selector = make("sample", {{"peers", ids(11)}, {"n", 4}});
  auto context = context_of(3);
  EXPECT_EQ(numbers(selector->view(context)).size(), 10u);
  EXPECT_EQ(numbers(selector->sample(context, {})).size(), 4u);
  EXPECT_EQ(numbers(selector->sample(context, {.n = 2})).size(), 2u);
  const auto near = numbers(selector->neighbours(context));
  EXPECT_EQ(near.size(), 4u);
  EXPECT_EQ(std::count(near.begin(), near.end(), 3), 0);
  EXPECT_EQ(
      numbers(make("sample", {{"peers", ids(11)}, {"fraction", 0.5}})->sample(context, {})).size(),
      5u);
}

TEST(SampleSelector, needs_one_size) {
  EXPECT_EQ(made_error("sample", {{"peers", ids(3)}}), "bad_parameter");
  EXPECT_EQ(made_error("sample", {{"peers", ids(3)}, {"n", 1}, {"fraction", 0.5}}),
            "bad_parameter");
}

TEST(CeilCount, rounds_up_but_not_on_binary_noise) {
  EXPECT_EQ(ceil_count(0.07, 100), 7u);
  EXPECT_EQ(ceil_count(0.2, 15), 3u);
  EXPECT_EQ(ceil_count(0.2, 16), 4u);
  EXPECT_EQ(ceil_count(0.0, 16), 0u);
  EXPECT_EQ(ceil_count(1.0, 16), 16u);
}

}  // namespace
}  // namespace bb
