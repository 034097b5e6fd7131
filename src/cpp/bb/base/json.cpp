// A strict JSON reader for Config: RFC 8259 text, at most 64 levels, no duplicate keys.
#include <charconv>
#include <string>

#include "bb/base/config.h"

namespace bb {
namespace {

constexpr int kMaxDepth = 64;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Config> document() {
    BB_ASSIGN_OR_RETURN(Config value, read(0));
    skip_space();
    if (at_ != text_.size()) return fail("more text after the value");
    return value;
  }

 private:
  Error fail(std::string what, size_t offset) const {
    const size_t shown = 24;
    return make_error(Fault::kConfig, "bad_json",
                      std::move(what) + " at byte " + std::to_string(offset),
                      std::string(text_.substr(offset, shown)), "give valid JSON");
  }
  Error fail(std::string what) const { return fail(std::move(what), at_); }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  Result<Config> read(int depth) {
    skip_space();
    if (at_ >= text_.size()) return fail("the text ends where a value is expected");
    const char c = text_[at_];
    if (c == '{' || c == '[') {
      if (depth >= kMaxDepth) return fail("more than 64 nested levels");
      return c == '{' ? read_dict(depth) : read_list(depth);
    }
    if (c == '"') {
      BB_ASSIGN_OR_RETURN(std::string text, read_string());
      return Config(std::move(text));
    }
    if (c == '-' || (c >= '0' && c <= '9')) return read_number();
    if (take_word("true")) return Config(true);
    if (take_word("false")) return Config(false);
    if (take_word("null")) return Config();
    return fail("no JSON value starts here");
  }

  Result<Config> read_list(int depth) {
    ++at_;
    Config::List list;
    skip_space();
    if (take(']')) return Config(std::move(list));
    while (true) {
      BB_ASSIGN_OR_RETURN(Config item, read(depth + 1));
      list.push_back(std::move(item));
      skip_space();
      if (take(']')) return Config(std::move(list));
      if (!take(',')) return fail("expected ',' or ']'");
    }
  }

  Result<Config> read_dict(int depth) {
    ++at_;
    Config::Dict dict;
    skip_space();
    if (take('}')) return Config(std::move(dict));
    while (true) {
      skip_space();
      const size_t key_at = at_;
      if (at_ >= text_.size() || text_[at_] != '"') return fail("expected a key in quotes");
      BB_ASSIGN_OR_RETURN(std::string key, read_string());
      skip_space();
      if (!take(':')) return fail("expected ':'");
      BB_ASSIGN_OR_RETURN(Config item, read(depth + 1));
      if (!dict.emplace(std::move(key), std::move(item)).second)
        return fail("a key is given twice", key_at);
      skip_space();
      if (take('}')) return Config(std::move(dict));
      if (!take(',')) return fail("expected ',' or '}'");
    }
  }

  size_t take_digits() {
    const size_t first = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ - first;
  }

  Result<Config> read_number() {
    const size_t first = at_;
    take('-');
    const bool leading_zero = at_ < text_.size() && text_[at_] == '0';
    const size_t digits = take_digits();
    if (digits == 0 || (leading_zero && digits > 1)) return fail("a malformed number", first);
    bool integral = true;
    if (take('.')) {
      integral = false;
      if (take_digits() == 0) return fail("a malformed number", first);
    }
    if (take('e') || take('E')) {
      integral = false;
      if (!take('+')) take('-');
      if (take_digits() == 0) return fail("a malformed number", first);
    }
    return integral ? convert<int64_t>(first) : convert<double>(first);
  }

  template <class T>
  Result<Config> convert(size_t first) const {
    T value{};
    const auto result = std::from_chars(text_.data() + first, text_.data() + at_, value);
    if (result.ec != std::errc()) return fail("a number out of range", first);
    return Config(value);
  }

  Result<std::string> read_string() {
    const size_t first = at_++;
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) return fail("a control character in a string");
      ++at_;
      if (c == '"') return out;
      if (c != '\\') {
        out += c;
        continue;
      }
      BB_RETURN_IF_ERROR(read_escape(out));
    }
    return fail("a string without end", first);
  }

  Status read_escape(std::string& out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeaning = "\"\\/\b\f\n\r\t";
    if (at_ >= text_.size()) return fail("a string without end");
    const size_t found = kLetters.find(text_[at_]);
    if (found != std::string_view::npos) {
      out += kMeaning[found];
      ++at_;
      return {};
    }
    if (text_[at_] != 'u') return fail("an unknown escape");
    const size_t escape_at = at_ - 1;
    ++at_;
    BB_ASSIGN_OR_RETURN(uint32_t point, read_hex4());
    if (point >= 0xD800 && point <= 0xDFFF) {
      if (point >= 0xDC00 || !take_word("\\u")) return fail("a lone surrogate", escape_at);
      BB_ASSIGN_OR_RETURN(const uint32_t low, read_hex4());
      if (low < 0xDC00 || low > 0xDFFF) return fail("a lone surrogate", escape_at);
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(out, point);
    return {};
  }

  Result<uint32_t> read_hex4() {
    uint32_t value = 0;
    const std::string_view digits = text_.substr(at_, 4);
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() < 4 || result.ptr != digits.data() + 4)
      return fail("expected four hexadecimal digits");
    at_ += 4;
    return value;
  }

  static void append_utf8(std::string& out, uint32_t point) {
    const auto tail = [&](int shift) {
      out += static_cast<char>(0x80 | ((point >> shift) & 0x3F));
    };
    if (point < 0x80) {
      out += static_cast<char>(point);
    } else if (point < 0x800) {
      out += static_cast<char>(0xC0 | (point >> 6));
      tail(0);
    } else if (point < 0x10000) {
      out += static_cast<char>(0xE0 | (point >> 12));
      tail(6);
      tail(0);
    } else {
      out += static_cast<char>(0xF0 | (point >> 18));
      tail(12);
      tail(6);
      tail(0);
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<Config> Config::parse(std::string_view json) { return Reader(json).document(); }

}  // namespace bb
