// Reads spec strings: "name:key=value,key=value" and pipelines "a >> b".
#include <charconv>

#include "bb/base/descriptor.h"

namespace bb {
namespace {

Error bad_spec(std::string what, std::string_view text) {
  return make_error(Fault::kConfig, "bad_spec", std::move(what), std::string(text),
                    "write name:key=value,key=value, stages joined by \" >> \"");
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text)
    if (!is_letter_or_digit(c) && c != '_' && c != '-' && c != '.') return false;
  return true;
}

/// Splits at `mark` outside double quotes.
std::vector<std::string_view> split(std::string_view text, std::string_view mark) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  size_t first = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text.substr(i, mark.size()) == mark) {
      parts.push_back(text.substr(first, i - first));
      i += mark.size() - 1;
      first = i + 1;
    }
  }
  parts.push_back(text.substr(first));
  return parts;
}

template <class T>
bool reads_whole(std::string_view text, T& value) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

/// The number `text` spells, or null when it spells none.
Config number_of(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const std::string_view unsigned_digits = digits.starts_with('-') ? digits.substr(1) : digits;
  const char first = unsigned_digits.empty() ? ' ' : unsigned_digits[0];
  const bool spells_number = (first >= '0' && first <= '9') || first == '.' ||
                             unsigned_digits == "inf" || unsigned_digits == "nan";
  if (!spells_number) return {};
  int64_t integer = 0;
  if (reads_whole(digits, integer)) return integer;
  double real = 0;
  if (reads_whole(digits, real)) return real;
  return {};
}

Result<Config> value_of(std::string_view text) {
  if (text.starts_with('"')) {
    Result<Config> quoted = Config::parse(text);
    if (!quoted.ok()) return bad_spec("a value in broken quotes", text);
    return quoted;
  }
  if (text == "true" || text == "True") return Config(true);
  if (text == "false" || text == "False") return Config(false);
  const Config number = number_of(text);
  return number.is_null() ? Config(text) : number;
}

}  // namespace

Result<Spec> parse_spec(std::string_view text) {
  const std::string_view whole = trimmed(text);
  if (split(whole, ">>").size() > 1) return bad_spec("a pipeline where one stage is wanted", whole);
  const size_t colon = whole.find(':');
  const std::string_view name = trimmed(whole.substr(0, colon));
  if (!is_name(name)) return bad_spec("a spec must start with a name", whole);
  Spec spec{std::string(name), Config(Config::Dict{})};
  if (colon == std::string_view::npos) return spec;
  for (const std::string_view pair : split(whole.substr(colon + 1), ",")) {
    const size_t equals = pair.find('=');
    const std::string_view key = trimmed(pair.substr(0, equals));
    if (equals == std::string_view::npos || !is_name(key))
      return bad_spec("expected key=value", trimmed(pair).empty() ? whole : trimmed(pair));
    const std::string_view value_text = trimmed(pair.substr(equals + 1));
    if (value_text.empty()) return bad_spec("a key without a value", pair);
    if (spec.params.has(key)) return bad_spec("a key is given twice", key);
    BB_ASSIGN_OR_RETURN(spec.params[key], value_of(value_text));
  }
  return spec;
}

Result<std::vector<Spec>> parse_pipeline(std::string_view text) {
  std::vector<Spec> stages;
  for (const std::string_view stage : split(text, ">>")) {
    if (trimmed(stage).empty()) return bad_spec("an empty stage", text);
    BB_ASSIGN_OR_RETURN(Spec spec, parse_spec(stage));
    stages.push_back(std::move(spec));
  }
  return stages;
}

}  // namespace bb
