// Tests sizes, equality and text of values.
#include "bb/wire/value.h"

#include <gtest/gtest.h>

namespace bb {
namespace {

struct Rows : Object {
  std::string_view kind() const override { return "rows"; }
};

std::vector<Value> one_of_each() {
  const auto peers = std::make_shared<std::vector<PeerId>>(
      std::vector<PeerId>{PeerId::from_int(1), PeerId::from_int(2)});
  return {std::monostate{},
          Trigger{},
          Tensor::scalar(1.5f),
          PeerId::from_int(1),
          Peers(peers),
          std::string("abc"),
          std::shared_ptr<const Object>(std::make_shared<Rows>())};
}

TEST(Value, SizesCountPayloadOnly) {
  const std::vector<size_t> sizes = {0, 0, 4, 10, 20, 3, 0};
  const std::vector<Value> values = one_of_each();
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(byte_size(values[i]), sizes[i]) << i;
}

TEST(Value, TextNamesTheKind) {
  const std::vector<std::string> texts = {"nothing",  "trigger",  "float32()", "peer(1)",
                                          "peers(2)", "bytes(3)", "rows"};
  const std::vector<Value> values = one_of_each();
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(text_of(values[i]), texts[i]);
}

TEST(Value, EqualityComparesContents) {
  const std::vector<Value> a = one_of_each();
  const std::vector<Value> b = one_of_each();
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t k = 0; k < b.size(); ++k)
      EXPECT_EQ(same_value(a[i], b[k]), i == k && i != 6) << i << " " << k;
  EXPECT_TRUE(same_value(a[6], a[6]));  // objects are equal by identity
  EXPECT_FALSE(same_value(Tensor::scalar(1.0f), Tensor::scalar(2.0f)));
  EXPECT_FALSE(same_value(std::string("a"), std::string("b")));
  EXPECT_TRUE(same_value(Peers(), Peers(std::make_shared<std::vector<PeerId>>())));
  EXPECT_FALSE(same_value(Peers(), a[4]));
}

}  // namespace
}  // namespace bb
