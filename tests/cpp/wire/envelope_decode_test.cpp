// Tests that decode() refuses what is broken, too large or unknown, whoever sends it.
#include <gtest/gtest.h>

#include "bb/wire/envelope.h"
#include "wire/random_envelope.h"

namespace bb {
namespace {

std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(0x80 | (value & 0x7F));
  return out + static_cast<char>(value);
}
std::string number(int field, uint64_t value) {
  return varint(static_cast<uint64_t>(field) << 3) + varint(value);
}
std::string block(int field, const std::string& bytes) {
  return varint(static_cast<uint64_t>(field) << 3 | 2) + varint(bytes.size()) + bytes;
}
const std::string kSchema = number(1, 1);
std::string fill(const std::string& fields) { return kSchema + block(9, block(1, "p") + fields); }
std::string tensor(uint64_t dtype, std::vector<int64_t> dims, const std::string& data) {
  std::string packed;
  for (const int64_t dim : dims) packed += varint(static_cast<uint64_t>(dim));
  return fill(block(2, number(1, dtype) + block(2, packed) + block(3, data)));
}
std::string peers(const std::vector<PeerId>& ids) {
  std::string list;
  for (const PeerId& id : ids) list += block(1, id.bytes());
  return fill(block(5, list));
}

/// The code of the refusal, or "" when the bytes are an envelope.
std::string refusal(const std::string& bytes, const EnvelopeCaps& caps = {}) {
  const Result<Envelope> envelope = decode(bytes, caps);
  if (envelope.ok()) return "";
  EXPECT_EQ(envelope.error().fault, Fault::kPeer);
  EXPECT_FALSE(envelope.error().message.empty());
  return envelope.error().code;
}

TEST(Decode, NeedsSchemaOne) {
  EXPECT_EQ(refusal(""), "unsupported_schema");
  EXPECT_EQ(refusal(number(1, 2)), "unsupported_schema");
  EXPECT_EQ(refusal(number(1, (uint64_t{1} << 32) + 1)), "unsupported_schema");
  EXPECT_EQ(refusal(kSchema), "");
}

TEST(Decode, SkipsUnknownFieldsOfLaterSenders) {
  EXPECT_EQ(refusal(kSchema + number(100, 7) + block(101, "x")), "");
  EXPECT_EQ(refusal(fill(number(3, 1) + block(50, "x"))), "");
}

TEST(Decode, RefusesUnknownElementTypes) {
  for (const uint64_t dtype :
       {uint64_t{0}, uint64_t{8}, uint64_t{10}, uint64_t{16}, uint64_t{1} << 31})
    EXPECT_EQ(refusal(tensor(dtype, {1}, "abcd")), "bad_dtype") << dtype;
}

TEST(Decode, DataMustFillTheShapeExactly) {
  EXPECT_EQ(refusal(tensor(1, {1}, "abcd")), "");
  EXPECT_EQ(refusal(tensor(1, {}, "abcd")), "");
  EXPECT_EQ(refusal(tensor(1, {0, 7}, "")), "");
  EXPECT_EQ(refusal(tensor(1, {2}, "abcd")), "bad_shape");
  EXPECT_EQ(refusal(tensor(1, {1}, "abcde")), "bad_shape");
  EXPECT_EQ(refusal(tensor(1, {0}, "abcd")), "bad_shape");
  EXPECT_EQ(refusal(tensor(1, {-1}, "")), "bad_shape");
  EXPECT_EQ(refusal(tensor(1, {-1, -1}, "abcd")), "bad_shape");
}

TEST(Decode, RefusesClaimsBeyondAllData) {
  const int64_t big = int64_t{1} << 62;
  const std::string kibibyte(1024, 'x');
  EXPECT_EQ(refusal(tensor(1, {int64_t{1} << 32}, kibibyte)), "bad_shape");
  EXPECT_EQ(refusal(tensor(1, {65536, 65536}, kibibyte)), "bad_shape");
  EXPECT_EQ(refusal(tensor(11, {big, 8}, "")), "bad_shape");  // 2^65 elements
  EXPECT_EQ(refusal(tensor(1, {big, 4}, "")), "bad_shape");   // wraps to 0 elements
  EXPECT_EQ(refusal(tensor(1, {0, big}, "")), "bad_shape");   // strides would be huge
  EnvelopeCaps wide;
  wide.max_elements = SIZE_MAX;
  EXPECT_EQ(refusal(tensor(11, {big}, ""), wide), "bad_shape");  // 2^65 bytes
}

TEST(Decode, BoolsAreZeroOrOne) {
  EXPECT_EQ(refusal(tensor(9, {2}, std::string("\0\1", 2))), "");
  EXPECT_EQ(refusal(tensor(9, {2}, std::string("\0\2", 2))), "malformed_envelope");
}

TEST(Decode, FillsHoldExactlyOneKnownValue) {
  EXPECT_EQ(refusal(fill("")), "malformed_envelope");
  EXPECT_EQ(refusal(fill(number(3, 0))), "malformed_envelope");
  EXPECT_EQ(refusal(fill(number(3, 1) + block(4, "x"))), "malformed_envelope");
  EXPECT_EQ(refusal(fill(block(4, "x") + block(4, "y"))), "malformed_envelope");
  EXPECT_EQ(refusal(fill(block(4, ""))), "");
}

TEST(Decode, PeersMustBeValidSortedAndDistinct) {
  const PeerId one = PeerId::from_int(1), two = PeerId::from_int(2);
  EXPECT_EQ(refusal(peers({one, two})), "");
  EXPECT_EQ(refusal(peers({})), "");
  EXPECT_EQ(refusal(peers({two, one})), "malformed_envelope");
  EXPECT_EQ(refusal(peers({one, one})), "malformed_envelope");
  EXPECT_EQ(refusal(peers({PeerId(), one})), "malformed_envelope");
  EXPECT_EQ(refusal(fill(block(7, one.bytes()))), "");
  EXPECT_EQ(refusal(fill(block(7, "x"))), "malformed_envelope");
  EXPECT_EQ(refusal(kSchema + block(2, "x")), "malformed_envelope");
  EXPECT_EQ(refusal(kSchema + block(5, "x")), "malformed_envelope");
}

TEST(Decode, NamesMustBeUtf8) {
  EXPECT_EQ(refusal(kSchema + block(3, "\xff")), "malformed_envelope");
  EXPECT_EQ(refusal(kSchema + block(9, block(1, "\xed\xa0\x80") + number(3, 1))),
            "malformed_envelope");
  EXPECT_EQ(refusal(fill(number(3, 1) + block(6, "\xf5\x80\x80\x80"))), "malformed_envelope");
}

TEST(Decode, KeepsEveryCap) {
  EnvelopeCaps caps;
  caps.max_bytes = 100;
  EXPECT_EQ(refusal(fill(block(4, std::string(100, 'x'))), caps), "oversize");
  caps = {};
  caps.max_fills = 2;
  const std::string one = block(9, number(3, 1));
  EXPECT_EQ(refusal(kSchema + one + one, caps), "");
  EXPECT_EQ(refusal(kSchema + one + one + one, caps), "oversize");
  caps = {};
  caps.max_port_bytes = 3;
  EXPECT_EQ(refusal(kSchema + block(3, "abcd"), caps), "oversize");
  EXPECT_EQ(refusal(kSchema + block(9, block(1, "abcd") + number(3, 1)), caps), "oversize");
  EXPECT_EQ(refusal(kSchema + block(9, number(3, 1) + block(6, "abcd")), caps), "oversize");
  EXPECT_EQ(refusal(kSchema + block(3, "abc"), caps), "");
  caps = {};
  caps.max_rank = 2;
  EXPECT_EQ(refusal(tensor(1, {1, 1}, "abcd"), caps), "");
  EXPECT_EQ(refusal(tensor(1, {1, 1, 1}, "abcd"), caps), "oversize");
  const std::string unpacked = number(2, 1) + number(2, 1) + number(2, 1);
  EXPECT_EQ(refusal(fill(block(2, number(1, 1) + unpacked + block(3, "abcd"))), caps), "oversize");
  caps = {};
  caps.max_elements = 3;
  EXPECT_EQ(refusal(tensor(2, {3}, "abc"), caps), "");
  EXPECT_EQ(refusal(tensor(2, {4}, "abcd"), caps), "bad_shape");
  caps = {};
  caps.max_peers = 1;
  EXPECT_EQ(refusal(peers({PeerId::from_int(1)}), caps), "");
  EXPECT_EQ(refusal(peers({PeerId::from_int(1), PeerId::from_int(2)}), caps), "oversize");
  EXPECT_EQ(refusal(kSchema + block(2, std::string(65, '\0'))), "oversize");
}

TEST(Decode, RefusesBrokenFraming) {
  EXPECT_EQ(refusal("\x07"), "malformed_envelope");                  // unknown wire type
  EXPECT_EQ(refusal(std::string("\x00", 1)), "malformed_envelope");  // field number zero
  EXPECT_EQ(refusal("\x0b\x0c"), "malformed_envelope");              // groups
  EXPECT_EQ(refusal(kSchema + "\x4a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
            "malformed_envelope");
  EXPECT_EQ(refusal(std::string(11, '\xff')), "malformed_envelope");
}

TEST(Decode, EveryPrefixIsRefusedOrShorter) {
  Stream stream(2, "envelope test");
  for (int i = 0; i < 20; ++i) {
    const std::string whole = *encode(testing::random_envelope(stream));
    for (size_t size = 0; size < whole.size(); ++size) {
      const Result<Envelope> part = decode(whole.substr(0, size), EnvelopeCaps());
      if (!part.ok()) continue;
      EXPECT_EQ(encoded_size(*part), size);
    }
  }
}

TEST(Decode, RandomChangesNeverCrashAndWhatIsTakenCanBeSentAgain) {
  Stream stream(3, "envelope test");
  int taken = 0, refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = *encode(testing::random_envelope(stream));
    for (uint64_t n = 1 + stream.next_below(4); n > 0 && !bytes.empty(); --n) {
      const size_t at = stream.next_below(bytes.size());
      switch (stream.next_below(3)) {
        case 0:
          bytes[at] = static_cast<char>(stream.next_below(256));
          break;
        case 1:
          bytes.erase(at, 1 + stream.next_below(4));
          break;
        default:
          bytes.insert(at, testing::random_bytes(stream, 6));
          break;
      }
    }
    const Result<Envelope> envelope = decode(bytes, EnvelopeCaps());
    if (!envelope.ok()) {
      ++refused;
      continue;
    }
    ++taken;
    const Result<std::string> again = encode(*envelope);
    ASSERT_TRUE(again.ok()) << again.error().text();
    EXPECT_EQ(again->size(), encoded_size(*envelope));
    EXPECT_TRUE(testing::same_envelope(*decode(*again, EnvelopeCaps()), *envelope));
  }
  EXPECT_GT(taken, 100);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace bb
