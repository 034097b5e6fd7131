// The catalogue of codecs, and chains of them from spec strings.
#pragma once

#include "bb/base/catalog.h"
#include "bb/roles/codec.h"

namespace bb {

/// Every codec of codecs.def. Made once; safe to use from any thread.
const Catalog<Codec>& codecs();

/// A codec or a chain such as "error_feedback >> top_k:k=0.01 >> block_q8". Errors: ConfigError
/// bad_chain and those of parse_pipeline and Catalog::make.
Result<std::shared_ptr<Codec>> codec_of(std::string_view spec);
/// One codec in front of another: what `outer >> inner` means. Errors: ConfigError bad_chain.
Result<std::shared_ptr<Codec>> chain_codecs(const std::shared_ptr<Codec>& outer,
                                            const std::shared_ptr<Codec>& inner);

}  // namespace bb
