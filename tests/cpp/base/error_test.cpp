// Tests the text of errors and how Result carries them.
#include "bb/base/error.h"

#include <gtest/gtest.h>

namespace bb {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return make_error(Fault::kConfig, "odd", "odd number", std::to_string(value));
  return value / 2;
}

Result<int> quarter(int value) {
  BB_ASSIGN_OR_RETURN(const int once, half(value));
  BB_ASSIGN_OR_RETURN(const int twice, half(once));
  return twice;
}

Status check(int value) {
  BB_RETURN_IF_ERROR(half(value));
  return {};
}

TEST(Error, TextHoldsEveryPartThatIsGiven) {
  const Error full = make_error(Fault::kData, "c", "message", "value", "hint", "where");
  EXPECT_EQ(full.text(), "message (where; value) – hint");
  EXPECT_EQ(make_error(Fault::kData, "c", "message").text(), "message");
  EXPECT_EQ(make_error(Fault::kData, "c", "message", "value").text(), "message (value)");
  EXPECT_EQ(make_error(Fault::kData, "c", "message", {}, "hint", "where").text(),
            "message (where) – hint");
}

TEST(Error, AtPutsTheOuterPlaceFirst) {
  Error error = make_error(Fault::kData, "c", "m").at("inner");
  EXPECT_EQ(std::move(error).at("outer").where, "outer: inner");
}

TEST(Result, MacrosPassValuesAndErrors) {
  ASSERT_TRUE(quarter(8).ok());
  EXPECT_EQ(*quarter(8), 2);
  ASSERT_FALSE(quarter(6).ok());
  EXPECT_EQ(quarter(6).error().value, "3");
  EXPECT_TRUE(check(2).ok());
  EXPECT_EQ(check(1).error().code, "odd");
}

TEST(CheckDeathTest, BrokenInvariantStopsAndNamesItself) {
  EXPECT_DEATH(BB_CHECK(1 + 1 == 3), "broken invariant: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace bb
