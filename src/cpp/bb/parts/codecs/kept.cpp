// Parameters of sparse codecs, and the check of the message nested in theirs.
#include "bb/parts/codecs/kept.h"

namespace bb::coding {

void add_kept_params(Descriptor& info) {
  info.params.push_back({.name = "k",
                         .type = ParamType::kFloat,
                         .fallback = {},
                         .doc = "share of the values to keep, in (0, 1]; or give count"});
  info.params.push_back({.name = "count",
                         .type = ParamType::kInt,
                         .fallback = {},
                         .doc = "number of values to keep, instead of k",
                         .min = 1,
                         .max = 4e9});
}

Result<Kept> kept_of(const std::string& name, const Config& params) {
  const Config& k = params.get("k");
  const Config& count = params.get("count");
  if (k.is_null() == count.is_null())
    return make_error(Fault::kConfig, "bad_parameter", "give either k or count",
                      k.is_null() ? "neither" : "both", "e.g. k=0.01, or count=100",
                      "codecs." + name);
  if (!count.is_null()) return Kept{0, static_cast<size_t>(count.as_int())};
  const double fraction = k.as_number();
  if (fraction > 0 && fraction <= 1) return Kept{fraction, 0};
  return make_error(Fault::kConfig, "bad_parameter", "k is a share in (0, 1]", k.text(),
                    fraction > 1 ? "for a number of values give count=" + k.text()
                                 : "give a share above 0, e.g. k=0.01",
                    "codecs." + name);
}

Status check_kept(std::string_view bytes, uint64_t kept, const Coder* inner) {
  BB_CHECK(inner != nullptr);
  auto frame = open_frame(bytes, *inner, kept);
  if (!frame.ok()) return std::move(frame).error();
  if (frame->count != kept)
    return malformed("the kept values are not as many as their indices",
                     std::to_string(frame->count) + ", " + std::to_string(kept));
  return {};
}

}  // namespace bb::coding
