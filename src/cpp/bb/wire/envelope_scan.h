// The first look at a received envelope: counts and lengths, before any memory is taken for it.
#pragma once

#include <string_view>

#include "bb/wire/envelope.h"

namespace bb {

/// The error of a message that breaks a cap.
Error oversize(std::string what, size_t value, size_t cap);
/// The error of a message that is not an envelope.
Error malformed(std::string what, std::string value = {});

/// Checks that `bytes` has the shape of an Envelope message within `caps`, so that parsing it takes
/// memory in proportion to the caps. Errors: those of decode().
Status scan_envelope(std::string_view bytes, const EnvelopeCaps& caps);

}  // namespace bb
