// Text of types, both ways, and symbolic dimensions.
#include <gtest/gtest.h>

#include "bb/ir/dims.h"
#include "bb/ir/unify.h"

namespace bb::ir {
namespace {

Dim number(int64_t value) { return Dim{value, {}}; }
Dim symbol(std::string name) { return Dim{-1, std::move(name)}; }

TEST(TypeText, RoundTrips) {
  for (const char* text :
       {"float32[N,64]", "int64[N]", "float32[]", "float64[*]", "uint8[?,3]", "bool[0]", "int32[2]",
        "float32[model.D]", "float32[N*4]", "float32[slice:0:2:1(N)]", "trigger", "peer", "peers",
        "arrived", "decisions", "bytes", "any"}) {
    const Result<Type> type = Type::parse(text);
    ASSERT_TRUE(type.ok()) << text;
    EXPECT_EQ(type->text(), text);
  }
}

TEST(TypeText, RejectsEverythingElse) {
  for (const char* text :
       {"", "float32", "float32[", "float32]", "float32[2", "float32[2,]", "float32[,2]",
        "float32[-1]", "float32[1.5]", "float32[ 2]", "float32[2] ", "float32[*,2]", "float32[[2]]",
        "Float32[2]", "float16[2]", "float32[99999999999999999999]", "[2]", "undefined[2]",
        "trigger[]"}) {
    const Result<Type> type = Type::parse(text);
    ASSERT_FALSE(type.ok()) << text;
    EXPECT_EQ(type.error().code, "bad_type") << text;
    EXPECT_EQ(type.error().fault, Fault::kCompile);
  }
  EXPECT_NE(Type::parse("flaot32[2]").error().hint.find("float32"), std::string::npos);
}

TEST(TypeComplete, NeedsDtypeRankAndDimensions) {
  EXPECT_TRUE(Type::parse("float32[N,3]")->complete());
  EXPECT_TRUE(Type::parse("peers")->complete());
  EXPECT_FALSE(Type::parse("float32[?]")->complete());
  EXPECT_FALSE(Type::parse("float32[*]")->complete());
  EXPECT_FALSE(Type{}.complete());
}

TEST(Dimensions, BroadcastNumbersAndSymbols) {
  EXPECT_EQ(broadcast_dims(Dims{symbol("N")}, Dims{symbol("N")}), Dims{symbol("N")});
  EXPECT_EQ(broadcast_dims(Dims{symbol("N")}, Dims{number(1)}), Dims{symbol("N")});
  EXPECT_EQ(broadcast_dims(Dims{}, Dims{number(2)}), Dims{number(2)});
  EXPECT_EQ(broadcast_dims(Dims{Dim{}}, Dims{number(2)}), Dims{number(2)});
  EXPECT_FALSE(broadcast_dims(Dims{symbol("N")}, Dims{symbol("M")}));
  EXPECT_FALSE(broadcast_dims(Dims{symbol("N")}, Dims{number(2)}));
}

TEST(Dimensions, ProductsAreCanonical) {
  EXPECT_EQ(dim_product({}), number(1));
  EXPECT_EQ(dim_product(Dims{number(3), number(4)}), number(12));
  EXPECT_EQ(dim_product(Dims{number(3), symbol("N"), number(4)}), symbol("N*12"));
  EXPECT_EQ(dim_product(Dims{symbol("N*12"), symbol("M")}), symbol("M*N*12"));
  EXPECT_EQ(dim_product(Dims{symbol("N"), number(0)}), number(0));
  EXPECT_EQ(dim_product(Dims{symbol("N+3"), number(2)}), symbol("(N+3)*2"));
  EXPECT_EQ(dim_product(Dims{symbol("N+3")}), symbol("N+3"));
  EXPECT_EQ(dim_product(Dims{Dim{}, number(2)}), Dim{});
  EXPECT_EQ(dim_product(Dims{number(int64_t{1} << 40), number(int64_t{1} << 40)}), Dim{});
}

TEST(Dimensions, SumsAreCanonical) {
  EXPECT_EQ(dim_sum({}), number(0));
  EXPECT_EQ(dim_sum(Dims{number(3), number(4)}), number(7));
  EXPECT_EQ(dim_sum(Dims{number(3), symbol("N"), number(4)}), symbol("N+7"));
  EXPECT_EQ(dim_sum(Dims{symbol("N"), symbol("M"), symbol("N")}), symbol("M+N*2"));
  EXPECT_EQ(dim_sum(Dims{symbol("N+7"), symbol("N*2")}), symbol("N*3+7"));
  EXPECT_EQ(dim_sum(Dims{number(INT64_MAX), number(1)}), Dim{});
  Dims many;
  for (int i = 0; i < 200; ++i) many.push_back(symbol("a_long_name_" + std::to_string(i)));
  EXPECT_EQ(dim_sum(many), Dim{});
}

TEST(Dimensions, QuotientsMustBeWhole) {
  EXPECT_EQ(dim_quotient(Dims{symbol("N"), number(12)}, Dims{number(4)}), symbol("N*3"));
  EXPECT_EQ(dim_quotient(Dims{symbol("N*12")}, Dims{symbol("N")}), number(12));
  EXPECT_EQ(dim_quotient(Dims{symbol("(N+3)*2")}, Dims{number(2)}), symbol("N+3"));
  EXPECT_FALSE(dim_quotient(Dims{number(12)}, Dims{symbol("N")}));
  EXPECT_FALSE(dim_quotient(Dims{number(12)}, Dims{number(5)}));
  EXPECT_FALSE(dim_quotient(Dims{number(12)}, Dims{number(0)}));
  EXPECT_TRUE(same_product(Dims{symbol("N"), number(4)}, Dims{number(2), symbol("N*2")}));
  EXPECT_FALSE(same_product(Dims{symbol("N")}, Dims{symbol("M")}));
}

TEST(Unify, BindsEachSymbolOnce) {
  Bindings bound;
  const auto type = [](const char* text) { return Type::parse(text).value(); };
  EXPECT_TRUE(bind_symbols(type("float32[N,64]"), type("float32[32,64]"), bound));
  EXPECT_TRUE(bind_symbols(type("int64[N]"), type("int64[32]"), bound));
  EXPECT_FALSE(bind_symbols(type("int64[N]"), type("int64[31]"), bound));
  EXPECT_FALSE(bind_symbols(type("float32[64]"), type("float32[N]"), bound));
  EXPECT_FALSE(bind_symbols(type("float32[M]"), type("float64[2]"), bound));
  EXPECT_TRUE(bind_symbols(type("float32[K]"), type("float32[B]"), bound));
  EXPECT_EQ(substituted(type("float32[K,N,L]"), bound).text(), "float32[B,32,L]");
}

TEST(Unify, MergesDeclaredAndInferred) {
  const auto merge = [](const char* declared, const char* inferred) {
    const auto out = merged(*Type::parse(declared), *Type::parse(inferred));
    return out ? out->text() : "contradiction";
  };
  EXPECT_EQ(merge("any", "float32[N]"), "float32[N]");
  EXPECT_EQ(merge("float32[*]", "float32[N]"), "float32[N]");
  EXPECT_EQ(merge("float32[?,4]", "float32[N,?]"), "float32[N,4]");
  EXPECT_EQ(merge("float32[32]", "float32[N]"), "float32[32]");
  EXPECT_EQ(merge("float32[M]", "float32[N]"), "float32[N]");
  EXPECT_EQ(merge("float32[2]", "float32[3]"), "contradiction");
  EXPECT_EQ(merge("float64[2]", "float32[2]"), "contradiction");
  EXPECT_EQ(merge("float32[2]", "float32[2,1]"), "contradiction");
  EXPECT_EQ(merge("trigger", "peer"), "contradiction");
}

}  // namespace
}  // namespace bb::ir
