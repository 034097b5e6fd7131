// Tests base58, multihash checks, and the order and text of peer ids.
#include "bb/wire/peer_id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "bb/base/philox.h"
#include "bb/base/sha256.h"
#include "bb/wire/base58.h"

namespace bb {
namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

/// A libp2p Ed25519 id: the identity multihash of the serialised public key.
std::string ed25519(const std::string& key) {
  return bytes({0x00, 0x24, 0x08, 0x01, 0x12, 0x20}) + key;
}

TEST(Base58, MatchesKnownAnswers) {
  EXPECT_EQ(base58_encode(""), "");
  EXPECT_EQ(base58_encode("Hello World!"), "2NEpo7TZRRrLZSi2U");
  EXPECT_EQ(base58_encode("The quick brown fox jumps over the lazy dog."),
            "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z");
  EXPECT_EQ(base58_encode(bytes({0, 0, 0x28, 0x7f, 0xb4, 0xcd})), "11233QC4");
}

TEST(Base58, ReadsBackWhatItWrites) {
  Stream stream(1, "base58 test");
  for (int i = 0; i < 500; ++i) {
    std::string original(stream.next_below(4), '\0');
    for (uint64_t n = stream.next_below(40); n > 0; --n)
      original += static_cast<char>(stream.next_below(256));
    EXPECT_EQ(base58_decode(base58_encode(original)), original);
  }
  for (const char* text : {"0", "O", "I", "l", "a b", "\xff"})
    EXPECT_FALSE(base58_decode(text).has_value()) << text;
}

TEST(PeerId, Ed25519IdsPrintAsLibp2pPrintsThem) {
  std::string counting;
  for (int i = 0; i < 32; ++i) counting += static_cast<char>(i);
  const PeerId first = *PeerId::from_bytes(ed25519(counting));
  EXPECT_EQ(first.text(), "12D3KooW9pP4Seg3kZYhySpuVjn1RPdQBsUFZKiFxGMGQN5MeL6A");
  const PeerId zero = *PeerId::from_bytes(ed25519(std::string(32, '\0')));
  EXPECT_EQ(zero.text(), "12D3KooW9pNAk8aiBuGVQtWRdbkLmo5qVL3e2h5UxbN2Nz9ttwiw");
  EXPECT_EQ(*PeerId::parse(first.text()), first);
  EXPECT_EQ(*PeerId::parse("z" + first.text()), first);
}

TEST(PeerId, NumbersOrderLikeNumbersAfterTheServer) {
  std::vector<PeerId> ids;
  for (const uint64_t index : {uint64_t{0}, uint64_t{1}, uint64_t{127}, uint64_t{128},
                               uint64_t{255}, uint64_t{256}, uint64_t{1} << 32, UINT64_MAX})
    ids.push_back(PeerId::from_int(index));
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  for (const PeerId& id : ids) EXPECT_LT(PeerId::server(), id);
  EXPECT_LT(PeerId::server(), PeerId::from_seed("x"));
  EXPECT_EQ(hex(PeerId::from_int(258).bytes()), "00080000000000000102");
  EXPECT_EQ(hex(PeerId::server().bytes()), "0000");
}

TEST(PeerId, TextReadsBack) {
  std::vector<PeerId> ids = {PeerId::server(), PeerId::from_int(0), PeerId::from_int(7),
                             PeerId::from_int(UINT64_MAX), PeerId::from_seed("seed")};
  Stream stream(2, "peer id test");
  for (int i = 0; i < 300; ++i) {
    const size_t length = stream.next_below(63);
    std::string id = bytes({0x00, static_cast<int>(length)});
    for (size_t k = 0; k < length; ++k) id += static_cast<char>(stream.next_below(256));
    ids.push_back(*PeerId::from_bytes(id));
  }
  for (int value = 0; value < 256; ++value)  // short ids whose base58 may look like a number
    ids.push_back(*PeerId::from_bytes(bytes({0x00, 0x01, value})));
  for (const PeerId& id : ids) {
    const Result<PeerId> back = PeerId::parse(id.text());
    ASSERT_TRUE(back.ok()) << id.text();
    EXPECT_EQ(*back, id) << id.text();
  }
  EXPECT_EQ(PeerId::from_int(7).text(), "7");
  EXPECT_EQ(PeerId::server().text(), "server");
  EXPECT_EQ(PeerId::from_seed("seed").text().substr(0, 2), "Qm");
}

TEST(PeerId, IndexIsTheNumberOrMinusOne) {
  EXPECT_EQ(PeerId::from_int(7).index(), 7);
  EXPECT_EQ(PeerId::from_int(UINT64_MAX).index(), -1);
  EXPECT_EQ(PeerId::server().index(), -1);
  EXPECT_EQ(PeerId::from_seed("x").index(), -1);
  EXPECT_EQ(PeerId().index(), -1);
}

TEST(PeerId, RefusesBrokenMultihashes) {
  const std::vector<std::string> broken = {
      "",
      bytes({0}),
      bytes({0x00, 0x02, 0x01}),                   // too short for its length
      bytes({0x00, 0x01, 0x01, 0x01}),             // too long
      bytes({0x11, 0x01, 0x01}),                   // another hash function
      bytes({0x12, 0x1f}) + std::string(31, 'x'),  // a cut digest
      bytes({0x00, 0x3f}) + std::string(63, 'x'),  // 65 bytes
      ed25519(std::string(31, 'x')),
  };
  for (const std::string& id : broken) {
    const Result<PeerId> read = PeerId::from_bytes(id);
    ASSERT_FALSE(read.ok()) << hex(id);
    EXPECT_EQ(read.error().code, "bad_peer_id");
    EXPECT_EQ(read.error().fault, Fault::kConfig);
  }
}

TEST(PeerId, RefusesBrokenText) {
  for (const std::string& text :
       {std::string(), std::string("007"), std::string("18446744073709551616"),
        std::string("Server"), std::string("12D3KooW"), std::string("-1"), std::string("1 "),
        std::string(200, '1'), std::string(200, 'z')}) {
    const Result<PeerId> id = PeerId::parse(text);
    ASSERT_FALSE(id.ok()) << text;
    EXPECT_EQ(id.error().code, "bad_peer_id");
  }
}

}  // namespace
}  // namespace bb
