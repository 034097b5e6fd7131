// How many values a sparse codec keeps: a fraction k, or a count.
#pragma once

#include "bb/parts/codecs/formats.h"

namespace bb::coding {

struct Kept {
  double fraction = 0;  ///< used when count is 0
  size_t count = 0;

  /// round(fraction n), at least 1 and at most n.
  size_t of(size_t n) const {
    const auto wanted =
        count > 0 ? count : static_cast<size_t>(fraction * static_cast<double>(n) + 0.5);
    return std::min(n, std::max<size_t>(wanted, 1));
  }
};

/// The parameters k and count. Errors: ConfigError bad_parameter, unless exactly one is given and
/// legal.
void add_kept_params(Descriptor& info);
Result<Kept> kept_of(const std::string& name, const Config& params);
/// Checks the nested message with the kept values.
Status check_kept(std::string_view bytes, uint64_t kept, const Coder* inner);

}  // namespace bb::coding
