// Tests parameter checks, spec strings and name suggestions.
#include "bb/base/descriptor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "bb/base/catalog.h"
#include "bb/base/philox.h"

namespace bb {
namespace {

Descriptor example() {
  Descriptor descriptor;
  descriptor.family = "aggregators";
  descriptor.name = "example";
  Param f{"f", ParamType::kInt, {}, true, "number of attackers"};
  f.min = 0;
  Param rate{"rate", ParamType::kFloat, 0.5, false, "step"};
  rate.min = 0;
  rate.max = 1;
  Param mode{"mode", ParamType::kString, "mean", false, "how to combine"};
  mode.choices = {"mean", "median"};
  const Param fast{"fast", ParamType::kBool, false, false, "skip checks"};
  const Param z{"z", ParamType::kFloatOrString, {}, false, "strength or search"};
  const Param label{"label", ParamType::kString, {}, false, "any text"};
  const Param sizes{"sizes", ParamType::kList, {}, false, "layer sizes"};
  descriptor.params = {f, rate, mode, fast, z, label, sizes};
  return descriptor;
}

Result<Config> resolve(std::string_view json) {
  return resolve_params(example(), *Config::parse(json));
}

TEST(ResolveParams, FillsDefaultsAndLeavesOutWhatHasNone) {
  EXPECT_EQ(resolve("{\"f\":3}")->text(),
            "{\"f\":3,\"fast\":false,\"mode\":\"mean\",\"rate\":0.5}");
}

TEST(ResolveParams, NullCountsAsAbsent) {
  EXPECT_EQ(resolve("{\"f\":3,\"rate\":null}")->get("rate").as_number(), 0.5);
  EXPECT_EQ(resolve("{\"f\":null}").error().code, "missing_parameter");
}

TEST(ResolveParams, TakesEveryTypeItDeclares) {
  const Config resolved = *resolve(
      "{\"f\":0,\"rate\":1,\"mode\":\"median\",\"fast\":true,\"z\":2,\"label\":5,"
      "\"sizes\":[1,2]}");
  EXPECT_EQ(resolved.text(),
            "{\"f\":0,\"fast\":true,\"label\":\"5\",\"mode\":\"median\",\"rate\":1.0,"
            "\"sizes\":[1,2],\"z\":2.0}");
  EXPECT_EQ(resolve("{\"f\":0,\"z\":\"search\"}")->get("z").as_string(), "search");
  EXPECT_TRUE(std::isinf(resolve("{\"f\":0,\"z\":\"inf\"}")->get("z").as_number()));
}

TEST(ResolveParams, RefusesWrongTypes) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{\"f\":true}", "parameter \"f\" must be an integer"},
      {"{\"f\":1.0}", "parameter \"f\" must be an integer"},
      {"{\"f\":\"1\"}", "parameter \"f\" must be an integer"},
      {"{\"f\":1,\"rate\":true}", "parameter \"rate\" must be a number"},
      {"{\"f\":1,\"rate\":\"fast\"}", "parameter \"rate\" must be a number"},
      {"{\"f\":1,\"fast\":1}", "parameter \"fast\" must be true or false"},
      {"{\"f\":1,\"mode\":true}", "parameter \"mode\" must be a string"},
      {"{\"f\":1,\"z\":[]}", "parameter \"z\" must be a number or a string"},
      {"{\"f\":1,\"sizes\":3}", "parameter \"sizes\" must be a list"},
  };
  for (const auto& [json, message] : cases) {
    const Result<Config> resolved = resolve(json);
    ASSERT_FALSE(resolved.ok()) << json;
    EXPECT_EQ(resolved.error().message, message);
    EXPECT_EQ(resolved.error().code, "bad_parameter");
    EXPECT_EQ(resolved.error().where, "aggregators.example");
  }
}

TEST(ResolveParams, RefusesValuesOutOfRangeAndNaN) {
  EXPECT_EQ(resolve("{\"f\":-1}").error().hint, "give a value at least 0.0");
  EXPECT_EQ(resolve("{\"f\":1,\"rate\":1.5}").error().hint, "give a value between 0.0 and 1.0");
  EXPECT_EQ(resolve("{\"f\":1,\"rate\":\"inf\"}").error().code, "bad_parameter");
  Config given(Config::Dict{{"f", 1}, {"rate", std::nan("")}});
  EXPECT_EQ(resolve_params(example(), given).error().message,
            "parameter \"rate\" must be a number, not NaN");
  EXPECT_EQ(resolve("{\"f\":1,\"z\":\"nan\"}").error().code, "bad_parameter");
}

TEST(ResolveParams, RefusesOtherChoicesAndSuggests) {
  const Result<Config> resolved = resolve("{\"f\":1,\"mode\":\"medain\"}");
  EXPECT_EQ(resolved.error().message, "parameter \"mode\" must be one of mean, median");
  EXPECT_EQ(resolved.error().hint, "did you mean \"median\"?");
}

TEST(ResolveParams, UnknownAndMissingNamesAreNamed) {
  const Error unknown = resolve("{\"f\":1,\"rte\":1}").error();
  EXPECT_EQ(unknown.code, "unknown_parameter");
  EXPECT_EQ(unknown.value, "rte");
  EXPECT_EQ(unknown.hint, "did you mean \"rate\"?");
  EXPECT_EQ(resolve("{\"f\":1,\"completely_else\":1}").error().hint,
            "it takes f, rate, mode, fast, z, label, sizes");
  const Error missing = resolve("{}").error();
  EXPECT_EQ(missing.code, "missing_parameter");
  EXPECT_EQ(missing.text(),
            "\"example\" needs the parameter \"f\" (aggregators.example) – give f: number of "
            "attackers");
}

TEST(ResolveParams, TakesNothingForAPartWithoutParameters) {
  Descriptor bare;
  bare.name = "bare";
  EXPECT_EQ(resolve_params(bare, Config())->text(), "{}");
  EXPECT_EQ(resolve_params(bare, *Config::parse("{\"a\":1}")).error().hint,
            "it takes no parameters");
  EXPECT_EQ(resolve_params(bare, Config(3)).error().code, "bad_parameter");
}

TEST(Catalog, MakesPartsAndSuggestsNames) {
  Part<std::string> part;
  part.info = example();
  part.make = [](const Config& params) -> Result<std::shared_ptr<std::string>> {
    return std::make_shared<std::string>(params.text());
  };
  const Catalog<std::string> catalog("aggregators", {part});
  EXPECT_EQ(**catalog.make("example", Config(Config::Dict{{"f", 2}})),
            "{\"f\":2,\"fast\":false,\"mode\":\"mean\",\"rate\":0.5}");
  EXPECT_EQ(catalog.find("exmaple").error().hint, "did you mean \"example\"?");
  EXPECT_EQ(catalog.find("nothing like it").error().code, "unknown_part");
}

TEST(ParseSpec, ReadsNamesAndTypedValues) {
  const Spec krum = *parse_spec("krum:f=3,neighbors=n-f-1");
  EXPECT_EQ(krum.name, "krum");
  EXPECT_EQ(krum.params.text(), "{\"f\":3,\"neighbors\":\"n-f-1\"}");
  EXPECT_EQ(parse_spec("alie:z=1.5")->params.text(), "{\"z\":1.5}");
  EXPECT_EQ(parse_spec("alie:z=search")->params.text(), "{\"z\":\"search\"}");
  EXPECT_EQ(parse_spec(" mean ")->params.text(), "{}");
  EXPECT_EQ(parse_spec("p: a = true , b=False,c=-2,d=+3,e=1e3,g=-.5,h=inf,i=1.2.3,j=\"x, >> y\"")
                ->params.text(),
            "{\"a\":true,\"b\":false,\"c\":-2,\"d\":3,\"e\":1000.0,\"g\":-0.5,\"h\":\"inf\",\"i\":"
            "\"1.2.3\",\"j\":\"x, >> y\"}");
  EXPECT_TRUE(parse_spec("p:h=inf")->params.get("h").is_double());
}

TEST(ParseSpec, RefusesBrokenText) {
  for (const char* text :
       {"", " ", ":f=1", "krum:", "krum:f", "krum:f=", "krum:=1", "krum:f=1,", "krum:f=1,,g=2",
        "krum:f=1,f=2", "kr um", "krum:a b=1", "a >> b", "krum:f=\"x", "krum:f=\"x\"y"}) {
    const Result<Spec> spec = parse_spec(text);
    ASSERT_FALSE(spec.ok()) << text;
    EXPECT_EQ(spec.error().code, "bad_spec");
    EXPECT_EQ(spec.error().fault, Fault::kConfig);
  }
  EXPECT_EQ(parse_spec("krum:f=1,oops").error().value, "oops");
}

TEST(ParsePipeline, SplitsStagesLeftToRight) {
  const std::vector<Spec> stages = *parse_pipeline("clip:norm=1.0 >> nnm:f=2>>krum:f=2");
  ASSERT_EQ(stages.size(), 3u);
  EXPECT_EQ(stages[0].name, "clip");
  EXPECT_EQ(stages[1].params.text(), "{\"f\":2}");
  EXPECT_EQ(stages[2].name, "krum");
  EXPECT_EQ(parse_pipeline("mean")->size(), 1u);
  EXPECT_EQ(parse_pipeline("a >> >> b").error().code, "bad_spec");
  EXPECT_EQ(parse_pipeline("").error().code, "bad_spec");
}

/// The obvious recursive definition of the distance.
size_t slow_distance(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.size() + b.size();
  size_t best = std::min(slow_distance(a.substr(1), b), slow_distance(a, b.substr(1))) + 1;
  best = std::min(best, slow_distance(a.substr(1), b.substr(1)) + (a[0] == b[0] ? 0 : 1));
  if (a.size() > 1 && b.size() > 1 && a[0] == b[1] && a[1] == b[0])
    best = std::min(best, slow_distance(a.substr(2), b.substr(2)) + 1);
  return best;
}

TEST(Nearest, AgreesWithTheRecursiveDefinition) {
  Stream stream(6, "nearest test");
  const auto word = [&] {
    std::string out;
    for (uint64_t n = 1 + stream.next_below(5); n > 0; --n)
      out += static_cast<char>('a' + stream.next_below(3));
    return out;
  };
  for (int i = 0; i < 500; ++i) {
    const std::string wanted = word();
    const std::vector<std::string> candidates = {word(), word(), word()};
    size_t best = std::min<size_t>(3, wanted.size());
    std::string expected;
    for (const std::string& candidate : candidates) {
      const size_t distance = slow_distance(wanted, candidate);
      if (distance >= best) continue;
      best = distance;
      expected = candidate;
    }
    EXPECT_EQ(nearest(wanted, candidates), expected) << wanted;
  }
}

TEST(Nearest, ToleratesAThirdOfALongWordAndIgnoresCase) {
  const std::vector<std::string> names = {"krum", "multi_krum", "geometric_median"};
  EXPECT_EQ(nearest("KRUM", names), "krum");
  EXPECT_EQ(nearest("multikrum", names), "multi_krum");
  EXPECT_EQ(nearest("geometricmedain", names), "geometric_median");
  EXPECT_EQ(nearest("bulyan", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest("xy", {"ab"}), "");
  EXPECT_EQ(nearest(std::string(100000, 'a'), names), "");
}

}  // namespace
}  // namespace bb
