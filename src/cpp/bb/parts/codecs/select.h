// The k largest magnitudes of a vector, exactly; ties go to the lower index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bb::coding {

struct Selection {
  std::vector<uint32_t> indices;  ///< ascending
  bool finite = true;             ///< false, without indices, when any value is not finite
};
/// n is below 2^32, k at most n.
Selection select_largest(const float* x, size_t n, size_t k);

}  // namespace bb::coding
