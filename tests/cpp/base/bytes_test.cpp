// Tests the bounded byte reader.
#include "bb/base/bytes.h"

#include <gtest/gtest.h>

#include <string>

#include "bb/base/philox.h"

namespace bb {
namespace {

std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(0x80 | (value & 0x7F));
  return out + static_cast<char>(value);
}

TEST(ByteReader, ReadsNumbersOfEverySize) {
  Stream stream(1, "bytes test");
  for (int i = 0; i < 2000; ++i) {
    const uint64_t value = stream.next_u64() >> stream.next_below(64);
    const std::string bytes = varint(value);
    EXPECT_EQ(bytes.size(), varint_size(value));
    ByteReader reader(bytes);
    EXPECT_EQ(reader.varint(), value);
    EXPECT_TRUE(reader.done());
  }
  EXPECT_EQ(varint_size(UINT64_MAX), 10u);
}

TEST(ByteReader, RefusesCutAndOverlongNumbers) {
  const std::string cut = varint(UINT64_MAX).substr(0, 9);
  EXPECT_FALSE(ByteReader(cut).varint().has_value());
  EXPECT_FALSE(ByteReader("").varint().has_value());
  const std::string beyond = std::string(9, '\xff') + '\x02';
  EXPECT_FALSE(ByteReader(beyond).varint().has_value());
  const std::string endless(20, '\x80');
  EXPECT_FALSE(ByteReader(endless).varint().has_value());
}

TEST(ByteReader, NeverTakesMoreThanThereIs) {
  ByteReader reader("abcdef");
  EXPECT_EQ(reader.take(2), "ab");
  EXPECT_FALSE(reader.take(5).has_value());
  EXPECT_FALSE(reader.take(UINT64_MAX).has_value());
  EXPECT_EQ(reader.left(), 4u);
  EXPECT_EQ(reader.take(4), "cdef");
  EXPECT_EQ(reader.take(0), "");
}

}  // namespace
}  // namespace bb
