// Symbolic dimensions as canonical sums of products.
#include "bb/ir/dims.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

namespace bb::ir {
namespace {

constexpr size_t kMaxSymbol = 256;  // longer derived symbols help nobody and could grow without end

/// A number times symbols; symbols sorted, repeated for powers.
struct Product {
  int64_t number = 1;
  std::vector<std::string> symbols;
};

/// Splits at `mark` outside parentheses.
std::vector<std::string> split_top(const std::string& text, char mark) {
  std::vector<std::string> out(1);
  int depth = 0;
  for (const char c : text) {
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == mark && depth == 0)
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

std::optional<int64_t> as_number(const std::string& text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, number);
  if (text.empty() || status != std::errc() || stop != end || number < 0) return std::nullopt;
  return number;
}

std::optional<int64_t> multiply(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
  return out;
}

std::optional<int64_t> add(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
  return out;
}

/// Factors of one dimension, merged into `into`; false when unknown or too large.
bool take_factors(const Dim& dim, Product& into) {
  if (!dim.known() && dim.symbol.empty()) return false;
  std::vector<std::string> parts;
  if (dim.known())
    parts = {std::to_string(dim.value)};
  else if (split_top(dim.symbol, '+').size() > 1)
    parts = {"(" + dim.symbol + ")"};
  else
    parts = split_top(dim.symbol, '*');
  for (std::string& part : parts) {
    const std::optional<int64_t> number = as_number(part);
    if (!number) {
      into.symbols.push_back(std::move(part));
      continue;
    }
    const std::optional<int64_t> product = multiply(into.number, *number);
    if (!product) return false;
    into.number = *product;
  }
  return true;
}

std::optional<Product> product_of(std::span<const Dim> factors) {
  Product out;
  for (const Dim& dim : factors)
    if (!take_factors(dim, out)) return std::nullopt;
  if (out.number == 0) out.symbols.clear();
  std::sort(out.symbols.begin(), out.symbols.end());
  return out;
}

/// Drops the parentheses of a single factor "(N+3)".
std::string unwrapped(const std::string& text) {
  const bool wrapped = text.size() > 2 && text.front() == '(' && text.back() == ')';
  const std::string inside = wrapped ? text.substr(1, text.size() - 2) : text;
  return wrapped && split_top(inside, '+').size() > 1 && legal_symbol(inside) ? inside : text;
}

Dim symbol_dim(std::string text) {
  if (text.size() > kMaxSymbol || !legal_symbol(text)) return Dim{};
  return Dim{-1, std::move(text)};
}

Dim dim_of(const Product& product) {
  if (product.symbols.empty()) return Dim{product.number, {}};
  if (product.symbols.size() == 1 && product.number == 1)
    return symbol_dim(unwrapped(product.symbols.front()));
  std::string text;
  for (const std::string& symbol : product.symbols) {
    if (!text.empty()) text += '*';
    text += symbol;
  }
  if (product.number != 1) text += "*" + std::to_string(product.number);
  return symbol_dim(std::move(text));
}

}  // namespace

SymbolicInt integer_of(const Dim& dim) {
  if (dim.known()) return {dim.value, {}, false};
  return {0, dim.symbol, dim.symbol.empty()};
}

std::optional<Dim> same_dim(const Dim& a, const Dim& b) {
  if (a == b) return a;
  if (!a.known() && a.symbol.empty()) return b;
  if (!b.known() && b.symbol.empty()) return a;
  return std::nullopt;
}

std::optional<Dims> same_dims(std::span<const Dim> a, std::span<const Dim> b) {
  if (a.size() != b.size()) return std::nullopt;
  Dims out;
  for (size_t i = 0; i < a.size(); ++i) {
    std::optional<Dim> one = same_dim(a[i], b[i]);
    if (!one) return std::nullopt;
    out.push_back(std::move(*one));
  }
  return out;
}

std::optional<Dims> broadcast_dims(std::span<const Dim> a, std::span<const Dim> b) {
  if (a.size() < b.size()) std::swap(a, b);
  Dims out(a.begin(), a.end());
  const size_t lead = a.size() - b.size();
  for (size_t i = 0; i < b.size(); ++i) {
    const Dim& other = b[i];
    Dim& one = out[lead + i];
    if (other.value == 1) continue;
    if (one.value == 1) {
      one = other;
      continue;
    }
    std::optional<Dim> same = same_dim(one, other);
    if (!same) return std::nullopt;
    one = std::move(*same);
  }
  return out;
}

Dim dim_product(std::span<const Dim> factors) {
  const std::optional<Product> product = product_of(factors);
  return product ? dim_of(*product) : Dim{};
}

Dim dim_sum(std::span<const Dim> terms) {
  std::map<std::vector<std::string>, int64_t> counts;  // symbols of a product -> how often
  for (const Dim& term : terms) {
    if (!term.known() && term.symbol.empty()) return Dim{};
    for (const std::string& part :
         term.known() ? std::vector{std::to_string(term.value)} : split_top(term.symbol, '+')) {
      const std::optional<int64_t> number = as_number(part);
      const Dim dim = number ? Dim{*number, {}} : Dim{-1, part};
      const std::optional<Product> product = product_of({&dim, 1});
      if (!product) return Dim{};
      int64_t& count = counts[product->symbols];
      const std::optional<int64_t> sum = add(count, product->number);
      if (!sum) return Dim{};
      count = *sum;
    }
  }
  const auto constant = counts.find({});
  const int64_t number = constant == counts.end() ? 0 : constant->second;
  if (constant != counts.end()) counts.erase(constant);
  if (counts.empty()) return Dim{number, {}};
  std::string text;
  for (const auto& [symbols, count] : counts) {
    if (!text.empty()) text += '+';
    text += dim_of(Product{count, symbols}).text();
  }
  if (number != 0) text += "+" + std::to_string(number);
  return symbol_dim(std::move(text));
}

std::optional<Dim> dim_quotient(std::span<const Dim> over, std::span<const Dim> under) {
  std::optional<Product> top = product_of(over);
  const std::optional<Product> bottom = product_of(under);
  if (!top || !bottom || bottom->number == 0 || top->number % bottom->number != 0)
    return std::nullopt;
  top->number /= bottom->number;
  if (top->number == 0) return Dim{0, {}};
  for (const std::string& symbol : bottom->symbols) {
    const auto found = std::find(top->symbols.begin(), top->symbols.end(), symbol);
    if (found == top->symbols.end()) return std::nullopt;
    top->symbols.erase(found);
  }
  return dim_of(*top);
}

bool same_product(std::span<const Dim> a, std::span<const Dim> b) {
  const std::optional<Product> left = product_of(a);
  const std::optional<Product> right = product_of(b);
  return left && right && left->number == right->number && left->symbols == right->symbols;
}

Dim derived_dim(const Dim& dim, const std::string& rule) {
  if (dim.symbol.empty()) return Dim{};
  return symbol_dim(rule + "(" + dim.symbol + ")");
}

std::string text_of(std::span<const Dim> dims) {
  std::string out = "[";
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i) out += ',';
    out += dims[i].text();
  }
  return out + "]";
}

}  // namespace bb::ir
