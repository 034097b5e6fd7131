// Every codec: round trips within the stated bound, equal bytes everywhere, hostile messages.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "bb/kernels/table.h"
#include "bb/parts/codecs/catalog.h"
#include "bb/tensor/parallel.h"
#include "engine/count_allocations.h"

namespace bb {
namespace {

const std::vector<std::string> kSpecs = {
    "raw",
    "fp16",
    "bf16",
    "int8",
    "int8:symmetric=true",
    "int8:block=48",
    "int8:block=7,symmetric=true",
    "int4",
    "int4:block=32",
    "int4:block=6,symmetric=true",
    "block_q8",
    "block_q8:block=100,scale=f32",
    "qsgd",
    "qsgd:levels=1,block=0,norm=max",
    "qsgd:levels=127,block=33",
    "sign_norm",
    "sign_norm:block=64",
    "ternary",
    "ternary:block=40",
    "top_k:k=0.05",
    "top_k:k=1,indices=bitmap",
    "top_k:count=3,indices=packed",
    "top_k:k=0.1,indices=varint >> block_q8",
    "random_k:k=0.1",
    "random_k:k=0.5,scale=false >> fp16",
    "error_feedback >> top_k:k=0.05 >> int4:block=16",
};

std::shared_ptr<Codec> make(const std::string& spec) {
  Result<std::shared_ptr<Codec>> codec = codec_of(spec);
  EXPECT_TRUE(codec.ok()) << spec << ": " << codec.error().text();
  return *codec;
}

Tensor vector_of(const std::vector<float>& values) {
  return Tensor::of<float>({static_cast<int64_t>(values.size())}, values);
}

Result<std::string> encode(const Codec& codec, const Tensor& x, EncodeCall call = {}) {
  std::string out(codec.size_bound(x), '\0');
  BB_ASSIGN_OR_RETURN(const size_t used,
                      codec.encode(x, call, std::as_writable_bytes(std::span(out))));
  EXPECT_LE(used, out.size());
  out.resize(used);
  return out;
}

std::string encoded(const Codec& codec, const Tensor& x, EncodeCall call = {}) {
  Result<std::string> out = encode(codec, x, call);
  EXPECT_TRUE(out.ok()) << out.error().text();
  return *out;
}

std::string code_of(const Result<Tensor>& result) { return result.ok() ? "" : result.error().code; }

std::vector<float> drawn(size_t n, uint64_t seed) {
  Stream stream(seed, "codec test");
  std::vector<float> out(n);
  for (float& v : out) {
    v = static_cast<float>(stream.next_double() + stream.next_double() - 1);
    v *= v * v;
  }
  return out;
}

/// Inputs that break careless quantizers.
std::vector<std::vector<float>> awkward() {
  std::vector<std::vector<float>> out;
  for (const size_t n : {0, 1, 2, 5, 63, 64, 65, 130, 1000}) out.push_back(drawn(n, n));
  for (const float constant : {0.0F, -0.0F, 2.5F, -1e-30F, 1e30F, 3e38F, -3.4028234e38F, 1e-42F})
    out.emplace_back(129, constant);
  std::vector<float> outlier = drawn(200, 1);
  for (size_t i = 5; i < 200; i += 64) outlier[i] = 1e6F;
  out.push_back(outlier);
  std::vector<float> wide = drawn(300, 2);
  for (size_t i = 0; i < 300; ++i) wide[i] *= std::pow(10.0F, static_cast<float>(i % 60) - 30);
  out.push_back(wide);
  out.push_back({3.4028234e38F, -3.4028234e38F, 1, -1, 0, 65504, 65520, 1e-8F});
  out.emplace_back(90, 1e30F);
  out.back()[3] = 1.0001e30F;
  return out;
}

TEST(Codecs, EveryPartIsInTheTable) {
  for (const std::string& name : codecs().names())
    EXPECT_TRUE(std::any_of(kSpecs.begin(), kSpecs.end(), [&](const std::string& spec) {
      return spec.starts_with(name);
    })) << name;
}

TEST(Codecs, RoundTripsStayWithinTheStatedBound) {
  for (const std::string& spec : kSpecs) {
    const auto codec = make(spec);
    for (const std::vector<float>& values : awkward()) {
      if (spec == "top_k:count=3,indices=packed" && values.empty()) continue;
      const Tensor x = vector_of(values);
      for (uint64_t message = 0; message < 3; ++message) {
        const Result<Tensor> back = codec->decode(encoded(*codec, x, {.message = message}), {});
        ASSERT_TRUE(back.ok()) << spec << " n=" << values.size() << " " << back.error().text();
        ASSERT_EQ(back->size(), x.size());
        const Result<Tensor> bound = codec->error_bound(x);
        ASSERT_TRUE(bound.ok());
        for (size_t i = 0; i < values.size(); ++i) {
          const double error = std::fabs(static_cast<double>(back->data<float>()[i]) - values[i]);
          ASSERT_TRUE(std::isfinite(back->data<float>()[i])) << spec << " " << values[i];
          ASSERT_LE(error, bound->data<float>()[i] + 0x1p-126)
              << spec << " n=" << values.size() << " x[" << i << "]=" << values[i];
        }
      }
    }
  }
}

TEST(Codecs, BytesAreEqualOnEveryInstructionSetAndThreadCount) {
  const std::string before = kernels::isa_name(kernels::active_isa());
  std::vector<float> values = drawn(300007, 9);
  values[1000] = 0;
  values[1001] = 1e-42F;
  const Tensor x = vector_of(values);
  for (const std::string& spec : kSpecs) {
    const auto codec = make(spec);
    std::string first;
    std::string decoded;
    const kernels::IsaList isas = kernels::supported_isas();
    for (size_t i = 0; i < isas.count; ++i) {
      ASSERT_TRUE(kernels::set_isa(kernels::isa_name(isas.items[i])));
      for (const int threads : {1, 3}) {
        const ThreadScope scope(threads);
        const std::string bytes = encoded(*codec, x, {.message = 4, .lane = 2});
        const Result<Tensor> back = codec->decode(bytes, {});
        ASSERT_TRUE(back.ok()) << spec;
        const std::string raw(reinterpret_cast<const char*>(back->raw()), back->bytes());
        if (first.empty()) {
          first = bytes;
          decoded = raw;
        }
        EXPECT_TRUE(bytes == first) << spec << " " << kernels::isa_name(isas.items[i]);
        EXPECT_TRUE(raw == decoded) << spec << " " << kernels::isa_name(isas.items[i]);
      }
    }
  }
  ASSERT_TRUE(kernels::set_isa(before.c_str()));
}

TEST(Codecs, TopKKeepsTheLargestAndTheFirstOfEquals) {
  std::vector<float> values(200000, 0.5F);
  for (size_t i = 0; i < 1500; ++i) values[(i * 7919) % values.size()] = i % 2 == 0 ? 2.0F : -3.0F;
  for (const bool sampled : {false, true}) {
    if (sampled) values = drawn(200000, 3);
    std::vector<size_t> order(values.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return std::fabs(values[a]) > std::fabs(values[b]);
    });
    std::vector<float> want(values.size(), 0.0F);
    for (size_t i = 0; i < 2000; ++i) want[order[i]] = values[order[i]];
    const auto codec = make("top_k:k=0.01");
    const Result<Tensor> back = codec->decode(encoded(*codec, vector_of(values)), {});
    ASSERT_TRUE(back.ok());
    EXPECT_TRUE(std::equal(want.begin(), want.end(), back->data<float>()));
  }
}

TEST(Codecs, UnbiasedCodecsAverageToTheInput) {
  const std::vector<float> values = {0.9F, -0.31F, 0.02F, 0, -0.7F, 0.11F, 0.5F, -0.05F};
  const Tensor x = vector_of(values);
  for (const char* spec : {"qsgd", "qsgd:levels=1", "ternary", "random_k:count=3"}) {
    const auto codec = make(spec);
    constexpr int kDraws = 10000;
    std::vector<double> sum(values.size());
    std::vector<double> squares(values.size());
    for (int message = 0; message < kDraws; ++message) {
      const std::string bytes = encoded(*codec, x, {.message = static_cast<uint64_t>(message)});
      const Tensor back = *codec->decode(bytes, {});
      for (size_t i = 0; i < values.size(); ++i) {
        const double error = static_cast<double>(back.data<float>()[i]) - values[i];
        sum[i] += error;
        squares[i] += error * error;
      }
    }
    for (size_t i = 0; i < values.size(); ++i) {
      const double mean = sum[i] / kDraws;
      const double deviation = std::sqrt(squares[i] / kDraws / kDraws);
      EXPECT_LE(std::fabs(mean), 5 * deviation + 1e-7) << spec << " value " << i;
    }
  }
}

TEST(Codecs, ErrorFeedbackLosesNothing) {
  const auto codec = make("error_feedback >> top_k:k=0.1 >> block_q8");
  CodecState state;
  std::vector<double> sent(100);
  std::vector<double> given(100);
  for (uint64_t round = 0; round < 50; ++round) {
    const std::vector<float> values = drawn(100, round);
    const std::string bytes = encoded(*codec, vector_of(values), {.state = &state});
    const Tensor back = *codec->decode(bytes, {});
    for (size_t i = 0; i < 100; ++i) {
      given[i] += values[i];
      sent[i] += back.data<float>()[i];
    }
  }
  const Tensor& residual = state.at("residual");
  for (size_t i = 0; i < 100; ++i)
    EXPECT_NEAR(sent[i] + residual.data<float>()[i], given[i], 50 * 0x1p-22) << i;
}

TEST(Codecs, NonFiniteValuesFollowThePolicy) {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor x = vector_of({1, -inf, 0.5F, std::nanf(""), -2, inf});
  for (const char* name :
       {"fp16", "bf16", "int8", "int4", "block_q8", "qsgd", "sign_norm", "ternary"}) {
    const std::string spec = name;
    const Result<std::string> refused = encode(*make(spec), x);
    ASSERT_FALSE(refused.ok()) << spec;
    EXPECT_EQ(refused.error().code, "non_finite");
    const auto saturating = make(spec + ":nonfinite=saturate");
    const Tensor clean = *saturating->decode(encoded(*saturating, x), {});
    const auto plain = make(spec);
    const Tensor same = *plain->decode(encoded(*plain, vector_of({1, -2, 0.5F, 0, -2, 2})), {});
    EXPECT_TRUE(clean.same_bytes(same)) << spec;
    const auto escaping = make(spec + ":nonfinite=escape");
    const Tensor kept = *escaping->decode(encoded(*escaping, x), {});
    EXPECT_EQ(kept.data<float>()[1], -inf) << spec;
    EXPECT_TRUE(std::isnan(kept.data<float>()[3])) << spec;
    EXPECT_EQ(kept.data<float>()[5], inf) << spec;
    EXPECT_TRUE(std::isfinite(kept.data<float>()[0])) << spec;
  }
}

TEST(Codecs, GoldenBytes) {
  // By hand: 2/127 = 0x3C810204, up to bfloat16 0x3C82 = 0.015869; 1, -2, 0, 0.5 over it are
  // 63.02, -126.03, 0, 31.51.
  const auto codec = make("block_q8");
  const std::string want("\xBC\x01\x06\x01\x04\x02\x40\x82\x3C\x3F\x82\x00\x20", 13);
  EXPECT_EQ(encoded(*codec, vector_of({1, -2, 0, 0.5F})), want);
  const std::string top("\xBC\x01\x0A\x01\x04\x01\x00\x02\xBC\x01\x01\x01\x01\x00\x00\x40\xC0", 17);
  EXPECT_EQ(encoded(*make("top_k:count=1"), vector_of({1, 2, -3, 0.5F})), top);
}

TEST(Codecs, MutatedMessagesGiveTypedErrorsOrFullVectors) {
  Stream stream(11, "mutations");
  for (const std::string& spec : kSpecs) {
    const auto codec = make(spec);
    const std::string good = encoded(*codec, vector_of(drawn(150, 5)));
    for (int round = 0; round < 3000; ++round) {
      std::string bad = good;
      const uint64_t edits = 1 + stream.next_below(3);
      for (uint64_t i = 0; i < edits && !bad.empty(); ++i) {
        const uint64_t kind = stream.next_below(3);
        const size_t at = stream.next_below(std::min<size_t>(bad.size(), 40));
        if (kind == 0) bad[at] = static_cast<char>(stream.next_u32());
        if (kind == 1) bad.resize(stream.next_below(bad.size() + 1));
        if (kind == 2) bad.insert(at, 1, static_cast<char>(stream.next_u32()));
      }
      const Result<Tensor> back = codec->decode(bad, {.max_values = 4096});
      if (back.ok()) {
        EXPECT_LE(back->size(), 4096);
      } else {
        EXPECT_EQ(back.error().fault, Fault::kPeer) << spec;
        EXPECT_TRUE(back.error().code.starts_with("codec_")) << back.error().code;
      }
    }
  }
}

TEST(Codecs, AHugeClaimAllocatesNothingOfThatSize) {
  for (const std::string& spec : kSpecs) {
    const auto codec = make(spec);
    std::string message = encoded(*codec, vector_of({1, 2, 3, 4, 5, 6}));
    message = message.substr(0, 4) + std::string("\x80\x80\x80\x80\x10", 5) + message.substr(5);
    message.resize(1024, '\0');
    const size_t live = test::live_bytes;
    const size_t allocated = test::allocations;
    const Result<Tensor> back = codec->decode(message, {.max_values = size_t{1} << 40});
    EXPECT_FALSE(back.ok()) << spec;
    EXPECT_LE(test::live_bytes, live + 4096) << spec;
    EXPECT_LE(test::allocations, allocated + 16) << spec;
    EXPECT_EQ(code_of(codec->decode(message, {.max_values = 1000})), "codec_oversized") << spec;
  }
}

TEST(Codecs, WrongCodecsVersionsAndScalesAreNamed) {
  const Tensor x = vector_of({1, 2, 3});
  EXPECT_EQ(code_of(make("fp16")->decode(encoded(*make("bf16"), x), {})), "codec_mismatch");
  EXPECT_EQ(code_of(make("top_k:k=0.5 >> fp16")->decode(encoded(*make("top_k:k=0.5"), x), {})),
            "codec_mismatch");
  std::string message = encoded(*make("block_q8:scale=f32"), x);
  std::string version = message;
  version[1] = 2;
  EXPECT_EQ(code_of(make("block_q8")->decode(version, {})), "codec_version");
  message[10] = '\x7F';  // the scale becomes NaN
  message[9] = '\xC0';
  EXPECT_EQ(code_of(make("block_q8")->decode(message, {})), "codec_bad_scale");
  EXPECT_EQ(code_of(make("raw")->decode("", {})), "codec_malformed");
}

TEST(Codecs, ImpossibleSpecsNameTheFix) {
  const auto code = [](const char* spec) {
    const auto made = codec_of(spec);
    return made.ok() ? std::string() : made.error().code;
  };
  EXPECT_EQ(code("block_q8 >> top_k:k=0.1"), "bad_chain");
  EXPECT_EQ(code("top_k:k=0.1 >> random_k:k=0.1"), "bad_chain");
  EXPECT_EQ(code("top_k:k=0.1 >> error_feedback"), "bad_chain");
  EXPECT_EQ(code("random_k:k=0.1 >> ternary"), "bad_chain");
  EXPECT_EQ(code("top_k"), "bad_parameter");
  EXPECT_EQ(code("top_k:k=0"), "bad_parameter");
  EXPECT_EQ(code("top_k:k=2"), "bad_parameter");
  EXPECT_EQ(code("block_q8:block=0"), "bad_parameter");
  EXPECT_EQ(code("int4:block=3"), "bad_parameter");
  EXPECT_EQ(code("blok_q8"), "unknown_part");
  const Tensor integers = Tensor::zeros(DType::kI32, {4});
  EXPECT_EQ(encode(*make("fp16"), integers).error().code, "bad_dtype");
}

}  // namespace
}  // namespace bb
