// Text that comes from files: the UTF-8 check, and a safe way to show it.
#pragma once

#include <string>
#include <string_view>

namespace bb::ir {

/// True when `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool valid_utf8(std::string_view text);

/// `text` as ASCII without control characters: other bytes as \xNN, quote and backslash escaped.
std::string escaped(std::string_view text);

/// `escaped`, cut to what fits an error message.
std::string printable(std::string_view text);

}  // namespace bb::ir
