// Config members and canonical JSON text.
#include "bb/base/config.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace bb {
namespace {

void write_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte >= 0x20) {
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  out += '"';
}

void write_double(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "\"nan\"";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "\"inf\"" : "\"-inf\"";
    return;
  }
  char buffer[32];  // the longest shortest form has 24 characters
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  const std::string_view digits(buffer, static_cast<size_t>(end - buffer));
  out += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void write(std::string& out, const Config& value);

void write_list(std::string& out, const Config::List& list) {
  out += '[';
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ',';
    write(out, list[i]);
  }
  out += ']';
}

void write_dict(std::string& out, const Config::Dict& dict) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : dict) {
    if (!first) out += ',';
    first = false;
    write_string(out, key);
    out += ':';
    write(out, value);
  }
  out += '}';
}

void write(std::string& out, const Config& value) {
  if (value.is_null()) {
    out += "null";
  } else if (value.is_bool()) {
    out += value.as_bool() ? "true" : "false";
  } else if (value.is_int()) {
    out += std::to_string(value.as_int());
  } else if (value.is_double()) {
    write_double(out, value.as_number());
  } else if (value.is_string()) {
    write_string(out, value.as_string());
  } else if (value.is_list()) {
    write_list(out, value.as_list());
  } else {
    write_dict(out, value.as_dict());
  }
}

Error wrong_type(std::string_view key, std::string_view wanted, const Config& value) {
  const std::string name(key);
  return make_error(Fault::kConfig, "bad_value", "\"" + name + "\" must be " + std::string(wanted),
                    value.text(), "give " + std::string(wanted) + " for \"" + name + "\"");
}

}  // namespace

Config::Config(const Config&) = default;
Config::Config(Config&&) noexcept = default;
Config& Config::operator=(const Config&) = default;
Config& Config::operator=(Config&&) noexcept = default;
Config::~Config() = default;

const Config& Config::get(std::string_view key) const {
  static const Config kNull;
  if (!is_dict()) return kNull;
  const auto found = as_dict().find(key);
  return found == as_dict().end() ? kNull : found->second;
}

Config& Config::operator[](std::string_view key) {
  if (is_null()) v_ = Dict{};
  BB_CHECK(is_dict());
  const auto found = as_dict().find(key);
  if (found != as_dict().end()) return found->second;
  return as_dict().emplace(std::string(key), Config()).first->second;
}

bool Config::has(std::string_view key) const {
  return is_dict() && as_dict().find(key) != as_dict().end();
}

Result<int64_t> Config::get_int(std::string_view key, int64_t fallback) const {
  const Config& value = get(key);
  if (value.is_null()) return fallback;
  if (!value.is_int()) return wrong_type(key, "an integer", value);
  return value.as_int();
}

Result<double> Config::get_number(std::string_view key, double fallback) const {
  const Config& value = get(key);
  if (value.is_null()) return fallback;
  if (value.is_number()) return value.as_number();
  if (value.is_string()) {
    if (value.as_string() == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (value.as_string() == "inf") return std::numeric_limits<double>::infinity();
    if (value.as_string() == "-inf") return -std::numeric_limits<double>::infinity();
  }
  return wrong_type(key, "a number", value);
}

Result<std::string> Config::get_string(std::string_view key, std::string fallback) const {
  const Config& value = get(key);
  if (value.is_null()) return fallback;
  if (!value.is_string()) return wrong_type(key, "a string", value);
  return value.as_string();
}

Result<bool> Config::get_bool(std::string_view key, bool fallback) const {
  const Config& value = get(key);
  if (value.is_null()) return fallback;
  if (!value.is_bool()) return wrong_type(key, "true or false", value);
  return value.as_bool();
}

std::string Config::text() const {
  std::string out;
  write(out, *this);
  return out;
}

}  // namespace bb
