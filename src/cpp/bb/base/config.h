// Config: a JSON value with a canonical text form; carries parameters, tables and metadata.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bb/base/error.h"

namespace bb {

/// A JSON value. Objects keep keys sorted, so equal values have equal text.
class Config {
 public:
  using List = std::vector<Config>;
  using Dict = std::map<std::string, Config, std::less<>>;

  Config() = default;
  Config(const Config&);
  Config(Config&&) noexcept;
  Config& operator=(const Config&);
  Config& operator=(Config&&) noexcept;
  ~Config();
  Config(std::nullptr_t) {}
  Config(bool v) : v_(v) {}
  Config(int v) : v_(int64_t{v}) {}
  Config(int64_t v) : v_(v) {}
  Config(size_t v) : v_(static_cast<int64_t>(v)) {}
  Config(double v) : v_(v) {}
  Config(const char* v) : v_(std::string(v)) {}
  Config(std::string v) : v_(std::move(v)) {}
  Config(std::string_view v) : v_(std::string(v)) {}
  Config(List v) : v_(std::move(v)) {}
  Config(Dict v) : v_(std::move(v)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(v_); }
  bool is_bool() const { return std::holds_alternative<bool>(v_); }
  bool is_int() const { return std::holds_alternative<int64_t>(v_); }
  bool is_double() const { return std::holds_alternative<double>(v_); }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return std::holds_alternative<std::string>(v_); }
  bool is_list() const { return std::holds_alternative<List>(v_); }
  bool is_dict() const { return std::holds_alternative<Dict>(v_); }

  bool as_bool() const { return std::get<bool>(v_); }
  int64_t as_int() const { return std::get<int64_t>(v_); }
  double as_number() const {
    return is_int() ? static_cast<double>(as_int()) : std::get<double>(v_);
  }
  const std::string& as_string() const { return std::get<std::string>(v_); }
  const List& as_list() const { return std::get<List>(v_); }
  List& as_list() { return std::get<List>(v_); }
  const Dict& as_dict() const { return std::get<Dict>(v_); }
  Dict& as_dict() { return std::get<Dict>(v_); }

  /// The member `key`, or a null Config when this is not a dict or lacks it.
  const Config& get(std::string_view key) const;
  /// Member for writing; turns null into a dict.
  Config& operator[](std::string_view key);
  bool has(std::string_view key) const;

  /// Typed members with a default when absent or null; a wrong type is a ConfigError naming the
  /// key. get_number also reads the strings that text() writes for non-finite numbers.
  Result<int64_t> get_int(std::string_view key, int64_t fallback) const;
  Result<double> get_number(std::string_view key, double fallback) const;
  Result<std::string> get_string(std::string_view key, std::string fallback) const;
  Result<bool> get_bool(std::string_view key, bool fallback) const;

  /// Canonical JSON: sorted keys, no spaces, shortest round-trip numbers (non-finite as
  /// "nan"/"inf"/"-inf"). An integral double keeps ".0", so int and float stay distinct when read
  /// back.
  std::string text() const;
  /// Parses JSON text of at most 64 levels; errors name the byte offset.
  static Result<Config> parse(std::string_view json);

  friend bool operator==(const Config&, const Config&) = default;

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, List, Dict> v_;
};

}  // namespace bb
