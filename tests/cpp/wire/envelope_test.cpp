// Tests that envelopes survive the wire, byte for byte, and that their size is known beforehand.
#include "bb/wire/envelope.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "bb/base/sha256.h"
#include "wire/random_envelope.h"

namespace bb {
namespace {

using testing::random_envelope;
using testing::same_envelope;

struct Rows : Object {
  std::string_view kind() const override { return "rows"; }
};

Envelope with(Value value) {
  Envelope envelope;
  envelope.fills.push_back({"port", std::move(value), ""});
  return envelope;
}

Envelope round_trip(const Envelope& envelope) { return *decode(*encode(envelope), EnvelopeCaps()); }

TEST(Envelope, RandomOnesSurviveTheWireAndHaveTheSizeForetold) {
  Stream stream(1, "envelope test");
  for (int i = 0; i < 2000; ++i) {
    const Envelope envelope = random_envelope(stream);
    const std::string bytes = *encode(envelope);
    EXPECT_EQ(encoded_size(envelope), bytes.size());
    const Result<Envelope> back = decode(bytes, EnvelopeCaps());
    ASSERT_TRUE(back.ok()) << back.error().text();
    EXPECT_TRUE(same_envelope(*back, envelope));
    EXPECT_EQ(*encode(*back), bytes);
  }
}

TEST(Envelope, EmptyOneIsTwoBytes) {
  EXPECT_EQ(hex(*encode(Envelope())), "0801");
  EXPECT_EQ(encoded_size(Envelope()), 2u);
  EXPECT_TRUE(same_envelope(round_trip(Envelope()), Envelope()));
}

TEST(Envelope, SizesOfLargeTensorsAreForetold) {
  for (const int64_t count : {31, 32, 4000, 5000, 600000}) {
    const Envelope envelope = with(Tensor::zeros(DType::kF32, {count, 1}));
    EXPECT_EQ(encoded_size(envelope), encode(envelope)->size()) << count;
  }
}

TEST(Envelope, GoldenBytesNeverChange) {
  Envelope envelope;
  envelope.source = PeerId::from_int(3);
  envelope.target = "server";
  envelope.group = 2;
  envelope.key = {PeerId::server(), 5, -1};
  envelope.request = 300;
  envelope.remaining_deadline_ns = 30000000000;
  const std::array<float, 2> weights = {1.0f, -2.5f};
  envelope.fills.push_back({"update", Tensor::of<float>({2, 1}, weights), "q8"});
  envelope.fills.push_back({"done", Trigger{}, ""});
  envelope.fills.push_back({"note", std::string("hi"), ""});
  envelope.fills.push_back({"who", PeerId::from_int(1), ""});
  envelope.fills.push_back({"all",
                            Peers(std::make_shared<std::vector<PeerId>>(
                                std::vector<PeerId>{PeerId::server(), PeerId::from_int(1)})),
                            ""});
  EXPECT_EQ(hex(*encode(envelope)),
            "0801120a000800000000000000031a0673657276657220022a020000300538ffffffffffffffffff"
            "0140ac024a1e0a0675706461746512100801120202011a080000803f000020c0320271384a080a04"
            "646f6e6518014a0a0a046e6f7465220268694a110a0377686f3a0a000800000000000000014a170a"
            "03616c6c2a100a0200000a0a000800000000000000015080d88ee16f");
}

TEST(Envelope, KeepsNaNPayloadsAndSignedZeros) {
  const std::array<uint32_t, 3> bits = {0x7fc12345, 0xffa00001, 0x80000000};
  Tensor tensor(DType::kF32, {3});
  std::memcpy(tensor.mutable_raw(), bits.data(), sizeof(bits));
  const Envelope back = round_trip(with(tensor));
  EXPECT_EQ(std::memcmp(std::get<Tensor>(back.fills[0].value).raw(), bits.data(), sizeof(bits)), 0);
}

TEST(Envelope, DecodedTensorsAreAligned) {
  const Envelope back = round_trip(with(Tensor::zeros(DType::kF32, {3})));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(std::get<Tensor>(back.fills[0].value).raw()) % 64, 0u);
}

TEST(Envelope, OnlyWireValuesAreSent) {
  const PeerId one = PeerId::from_int(1), two = PeerId::from_int(2);
  const auto list = [](std::vector<PeerId> ids) {
    return Peers(std::make_shared<std::vector<PeerId>>(std::move(ids)));
  };
  const std::vector<Value> refused = {std::monostate{},
                                      Tensor(),
                                      PeerId(),
                                      list({two, one}),
                                      list({one, one}),
                                      list({PeerId(), one}),
                                      std::shared_ptr<const Object>(std::make_shared<Rows>())};
  for (const Value& value : refused) {
    const Result<std::string> bytes = encode(with(value));
    ASSERT_FALSE(bytes.ok()) << text_of(value);
    EXPECT_EQ(bytes.error().code, "not_wire_value");
    EXPECT_EQ(bytes.error().where, "port port");
  }
  EXPECT_TRUE(encode(with(Peers())).ok());
}

TEST(Envelope, NamesMustBeUtf8) {
  Envelope envelope;
  envelope.target = "\xff";
  EXPECT_EQ(encode(envelope).error().code, "bad_text");
  envelope = with(Trigger{});
  envelope.fills[0].port = "\xc0\x80";
  EXPECT_EQ(encode(envelope).error().code, "bad_text");
}

TEST(EnvelopeKey, OrdersByPeerThenRunThenRound) {
  const EnvelopeKey low{PeerId::from_int(1), 5, 5};
  EXPECT_LT(low, (EnvelopeKey{PeerId::from_int(2), 0, 0}));
  EXPECT_LT(low, (EnvelopeKey{PeerId::from_int(1), 6, 0}));
  EXPECT_LT(low, (EnvelopeKey{PeerId::from_int(1), 5, 6}));
  EXPECT_EQ(low, (EnvelopeKey{PeerId::from_int(1), 5, 5}));
}

}  // namespace
}  // namespace bb
