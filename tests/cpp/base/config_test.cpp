// Tests canonical JSON text, the strict reader and the members of Config.
#include "bb/base/config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "bb/base/philox.h"

namespace bb {
namespace {

std::string reread(std::string_view json) {
  const Result<Config> parsed = Config::parse(json);
  return parsed.ok() ? parsed->text() : parsed.error().message;
}

Config random_config(Stream& stream, int depth) {
  switch (stream.next_below(depth > 0 ? 7 : 5)) {
    case 0:
      return Config();
    case 1:
      return Config(stream.next_below(2) == 1);
    case 2:
      return Config(static_cast<int64_t>(stream.next_u64()));
    case 3: {
      const uint64_t bits = stream.next_u64();
      double value = 0;
      std::memcpy(&value, &bits, sizeof(value));
      return Config(std::isfinite(value) ? value : 0.5);
    }
    case 4: {
      std::string text;
      for (uint64_t n = stream.next_below(12); n > 0; --n)
        text += static_cast<char>(stream.next_below(256));
      return Config(text);
    }
    case 5: {
      Config::List list;
      for (uint64_t n = stream.next_below(4); n > 0; --n)
        list.push_back(random_config(stream, depth - 1));
      return Config(std::move(list));
    }
    default: {
      Config dict(Config::Dict{});
      for (uint64_t n = stream.next_below(4); n > 0; --n)
        dict["k" + std::to_string(stream.next_below(100))] = random_config(stream, depth - 1);
      return dict;
    }
  }
}

TEST(ConfigText, IsCanonical) {
  EXPECT_EQ(reread(" { \"b\" : [ 1 , 2 ] , \"a\" : null } "), "{\"a\":null,\"b\":[1,2]}");
  EXPECT_EQ(reread("[true,false,{},[]]"), "[true,false,{},[]]");
  EXPECT_EQ(Config("a\"\\\n\t\x01\x7f/").text(), "\"a\\\"\\\\\\n\\t\\u0001\x7f/\"");
}

TEST(ConfigText, NumbersAreShortestAndKeepTheirKind) {
  EXPECT_EQ(Config(3).text(), "3");
  EXPECT_EQ(Config(3.0).text(), "3.0");
  EXPECT_EQ(Config(-0.0).text(), "-0.0");
  EXPECT_EQ(Config(0.1).text(), "0.1");
  EXPECT_EQ(Config(1e300).text(), "1e+300");
  EXPECT_EQ(Config(5e-324).text(), "5e-324");
  EXPECT_TRUE(Config::parse("3")->is_int());
  EXPECT_TRUE(Config::parse("3.0")->is_double());
  EXPECT_TRUE(Config::parse("3e2")->is_double());
  EXPECT_EQ(Config::parse("-9223372036854775808")->as_int(), std::numeric_limits<int64_t>::min());
}

TEST(ConfigText, NonFiniteNumbersAreStringsThatReadBackAsNumbers) {
  const double inf = std::numeric_limits<double>::infinity();
  const Config values(Config::Dict{{"a", inf}, {"b", -inf}, {"c", std::nan("")}});
  EXPECT_EQ(values.text(), "{\"a\":\"inf\",\"b\":\"-inf\",\"c\":\"nan\"}");
  const Config back = *Config::parse(values.text());
  EXPECT_EQ(*back.get_number("a", 0), inf);
  EXPECT_EQ(*back.get_number("b", 0), -inf);
  EXPECT_TRUE(std::isnan(*back.get_number("c", 0)));
}

TEST(ConfigText, ReadsBackEqualForRandomValues) {
  Stream stream(1, "config test");
  for (int i = 0; i < 2000; ++i) {
    const Config value = random_config(stream, 4);
    const Result<Config> back = Config::parse(value.text());
    ASSERT_TRUE(back.ok()) << value.text() << back.error().text();
    EXPECT_EQ(*back, value);
    EXPECT_EQ(back->text(), value.text());
  }
}

TEST(ConfigParse, ReadsEscapes) {
  EXPECT_EQ(Config::parse(R"("\u0041\u00e9\u20ac\ud83d\ude00\/\b\f\r")")->as_string(),
            "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80/\b\f\r");
}

TEST(ConfigParse, ErrorsNameTheByte) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "the text ends where a value is expected at byte 0"},
      {"[1,]", "no JSON value starts here at byte 3"},
      {"[1 2]", "expected ',' or ']' at byte 3"},
      {"{\"a\" 1}", "expected ':' at byte 5"},
      {"{\"a\":1,}", "expected a key in quotes at byte 7"},
      {"{\"a\":1 \"b\"}", "expected ',' or '}' at byte 7"},
      {"{\"a\":1,\"a\":2}", "a key is given twice at byte 7"},
      {"1 1", "more text after the value at byte 2"},
      {"01", "a malformed number at byte 0"},
      {" -", "a malformed number at byte 1"},
      {"1.", "a malformed number at byte 0"},
      {"1e", "a malformed number at byte 0"},
      {"9223372036854775808", "a number out of range at byte 0"},
      {"1e999", "a number out of range at byte 0"},
      {"\"ab", "a string without end at byte 0"},
      {"\"a\nb\"", "a control character in a string at byte 2"},
      {"\"\\x\"", "an unknown escape at byte 2"},
      {"\"\\u12g4\"", "expected four hexadecimal digits at byte 3"},
      {"\"\\ud800\"", "a lone surrogate at byte 1"},
      {"\"\\udc00\"", "a lone surrogate at byte 1"},
      {"nul", "no JSON value starts here at byte 0"},
      {"NaN", "no JSON value starts here at byte 0"},
  };
  for (const auto& [json, message] : cases) {
    const Result<Config> parsed = Config::parse(json);
    ASSERT_FALSE(parsed.ok()) << json;
    EXPECT_EQ(parsed.error().message, message) << json;
    EXPECT_EQ(parsed.error().code, "bad_json");
  }
}

TEST(ConfigParse, AllowsSixtyFourLevelsAndNoMore) {
  const auto nested = [](size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  EXPECT_TRUE(Config::parse(nested(64)).ok());
  EXPECT_EQ(reread(nested(65)), "more than 64 nested levels at byte 64");
  EXPECT_FALSE(Config::parse(std::string(1000000, '[')).ok());
}

TEST(ConfigParse, RandomBytesNeverCrash) {
  Stream stream(2, "config test");
  constexpr std::string_view kBytes = "{}[]\",:0123456789.eE+-\\u truefalsn\x01\xff";
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (uint64_t n = stream.next_below(12); n > 0; --n)
      text += kBytes[stream.next_below(kBytes.size())];
    const Result<Config> parsed = Config::parse(text);
    if (!parsed.ok()) continue;
    ++accepted;
    EXPECT_EQ(*Config::parse(parsed->text()), *parsed) << text;
  }
  EXPECT_GT(accepted, 0);
}

TEST(ConfigMembers, AbsentAndNullGiveTheFallback) {
  const Config config = *Config::parse("{\"i\":1,\"d\":2.5,\"s\":\"x\",\"b\":true,\"n\":null}");
  EXPECT_EQ(*config.get_int("i", 7), 1);
  EXPECT_EQ(*config.get_int("n", 7), 7);
  EXPECT_EQ(*config.get_int("absent", 7), 7);
  EXPECT_EQ(*config.get_number("i", 0), 1.0);
  EXPECT_EQ(*config.get_number("d", 0), 2.5);
  EXPECT_EQ(*config.get_string("s", ""), "x");
  EXPECT_EQ(*config.get_bool("b", false), true);
  EXPECT_TRUE(config.has("n"));
  EXPECT_FALSE(config.has("absent"));
  EXPECT_TRUE(Config(3).get("x").is_null());
}

TEST(ConfigMembers, WrongTypesAreErrorsThatNameTheKey) {
  const Config config = *Config::parse("{\"i\":1,\"d\":2.5,\"s\":\"x\",\"b\":true}");
  EXPECT_EQ(config.get_int("d", 0).error().message, "\"d\" must be an integer");
  EXPECT_EQ(config.get_int("b", 0).error().value, "true");
  EXPECT_EQ(config.get_number("s", 0).error().message, "\"s\" must be a number");
  EXPECT_EQ(config.get_string("i", "").error().fault, Fault::kConfig);
  EXPECT_EQ(config.get_bool("i", false).error().code, "bad_value");
}

TEST(ConfigMembers, WritingTurnsNullIntoADict) {
  Config config;
  config["b"]["c"] = 1;
  config["a"] = "x";
  EXPECT_EQ(config.text(), "{\"a\":\"x\",\"b\":{\"c\":1}}");
}

}  // namespace
}  // namespace bb
