// Random small functions over float64 inputs with a symbolic batch, evaluated while they grow.
#pragma once

#include <random>
#include <set>

#include "bb/ir/ops.h"
#include "compiler/reference_ops.h"

namespace bb::reference {

/// Concrete value of the symbol N; no other dimension has it.
inline constexpr int64_t kBatch = 7;

/// A function under construction, with the value of everything in it.
class RandomGraph {
 public:
  explicit RandomGraph(uint64_t seed) : random_(seed) {
    function_.domain = ir::domain::kRegion;
    function_.name = "random";
    for (const char* type : {"float64[N,4]", "float64[4]", "float64[N,1]", "float64[2,4,3]"})
      input(type, -1, 1);
  }

  const ir::Function& function() const { return function_; }
  const Values& inputs() const { return inputs_; }
  const Values& values() const { return values_; }

  // Chance.
  int64_t below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  bool chance() { return below(2) == 0; }
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(random_() >> 11) * 0x1p-53;
  }
  template <class T>
  T one_of(const std::vector<T>& options) {
    return options[static_cast<size_t>(below(static_cast<int64_t>(options.size())))];
  }

  // Values.
  const ir::Type& type(const std::string& name) const { return function_.types.at(name); }
  const std::vector<ir::Dim>& dims(const std::string& name) const { return *type(name).shape; }
  int64_t rank(const std::string& name) const { return static_cast<int64_t>(dims(name).size()); }
  const Array& value(const std::string& name) const { return values_.at(name); }

  /// A fresh function input of random numbers in [low, high), whole ones when the type is integer.
  std::string input(const ir::Type& type, double low, double high) {
    const std::string name = "in" + std::to_string(function_.inputs.size());
    Shape shape;
    BB_CHECK(stated(*type.shape));
    for (const ir::Dim& dim : *type.shape) shape.push_back(dim.known() ? dim.value : kBatch);
    Array array = Array::filled(type.dtype, shape, 0);
    for (double& x : array.values) x = uniform(low, high);
    if (type.dtype == DType::kI64)
      for (double& x : array.values) x = std::floor(x);
    function_.inputs.push_back(name);
    function_.types[name] = type;
    if (type.dtype == DType::kF64) floats_.push_back(name);
    inputs_[name] = values_[name] = array;
    return name;
  }
  std::string input(std::string_view type, double low, double high) {
    return input(ir::Type::parse(type).value(), low, high);
  }

  std::string ints(const Index& numbers) {
    return node("Constant", {},
                {{"value", Tensor::of<int64_t>({static_cast<int64_t>(numbers.size())},
                                               std::span<const int64_t>(numbers))}});
  }
  std::string constant(const Shape& shape, const std::vector<double>& numbers) {
    return node("Constant", {},
                {{"value", Tensor::of<double>(shape, std::span<const double>(numbers))}});
  }

  /// Appends a node with `count` outputs, infers its types and evaluates it. Returns its first
  /// output.
  std::string node(const std::string& op, std::vector<std::string> inputs,
                   std::map<std::string, ir::Attr> attrs = {}, int count = 1,
                   const ir::Type& declared = {}) {
    ir::Node made{.name = "n" + std::to_string(next_),
                  .domain = "",
                  .op = op,
                  .inputs = std::move(inputs),
                  .outputs = {},
                  .attrs = std::move(attrs),
                  .meta = {{"bb.loc", "random.py:" + std::to_string(next_)}}};
    ++next_;
    for (int i = 0; i < count; ++i) made.outputs.push_back(made.name + (i ? "_b" : ""));
    function_.nodes.push_back(made);
    if (declared.is_tensor()) function_.types[made.name] = declared;
    const Status typed = ir::infer_types(function_, ir::Model{});
    if (!typed.ok()) std::fprintf(stderr, "%s\n", typed.error().text().c_str());
    BB_CHECK(typed.ok());
    run_node(made, values_);
    return made.outputs[0];
  }
  /// Makes a value available as an operand.
  void offer(const std::string& name) {
    if (type(name).dtype == DType::kF64 && type(name).shape) floats_.push_back(name);
  }

  /// Whether every dimension is a number or N, so that an input can be drawn for it.
  static bool stated(const std::vector<ir::Dim>& dims) {
    return std::all_of(dims.begin(), dims.end(),
                       [](const ir::Dim& dim) { return dim.known() || dim.symbol == "N"; });
  }

  /// A float value that satisfies `fits`, or "".
  std::string pick(const std::function<bool(const std::string&)>& fits) {
    std::vector<std::string> options;
    for (const std::string& name : floats_)
      if (fits(name) && value(name).size() <= kLargest) options.push_back(name);
    return options.empty() ? "" : one_of(options);
  }
  std::string pick() {
    return pick([](const std::string&) { return true; });
  }
  std::string pick_rank(int64_t least, int64_t most = 3) {
    return pick([&](const std::string& name) { return rank(name) >= least && rank(name) <= most; });
  }
  /// A value that broadcasts with `other`, as far as the types can tell.
  std::string pick_compatible(const std::string& other) {
    return pick([&](const std::string& name) { return compatible(dims(name), dims(other)); });
  }
  /// A value above 0.4 made from any.
  std::string positive(const std::string& x) {
    const std::string y = node("Sigmoid", {x});
    return node("Add", {y, constant({}, {0.5})});
  }

  /// False when a value is empty, or too large or not finite to be differentiated numerically.
  bool sound() const {
    constexpr double kMost = 30;
    for (const std::string& name : floats_) {
      if (value(name).size() == 0) return false;
      for (const double x : value(name).values)
        if (!(std::abs(x) < kMost)) return false;
    }
    return true;
  }

  /// Forgets what was added since, but not the numbers drawn.
  void restore(const RandomGraph& before) {
    const std::mt19937_64 random = random_;
    *this = before;
    random_ = random;
  }

  /// Reduces every value nobody uses to a number and adds them up; returns the sum.
  std::string total() {
    std::set<std::string> used;
    for (const ir::Node& made : function_.nodes)
      used.insert(made.inputs.begin(), made.inputs.end());
    std::string sum;
    for (const std::string& name : floats_) {
      if (used.contains(name)) continue;
      const std::string square = node("Mul", {name, name});
      const std::string term =
          rank(name) == 0 ? square : node("ReduceMean", {square}, {{"keepdims", int64_t{0}}});
      sum = sum.empty() ? term : node("Add", {sum, term});
    }
    return sum;
  }

 private:
  static constexpr size_t kLargest = 200;

  static bool compatible(const std::vector<ir::Dim>& a, const std::vector<ir::Dim>& b) {
    for (size_t k = 1; k <= std::min(a.size(), b.size()); ++k) {
      const ir::Dim& x = a[a.size() - k];
      const ir::Dim& y = b[b.size() - k];
      const bool same = x.known() ? x.value == y.value : !x.symbol.empty() && x == y;
      if (!same && x.value != 1 && y.value != 1) return false;
    }
    return true;
  }

  std::mt19937_64 random_;
  ir::Function function_;
  std::vector<std::string> floats_;
  Values inputs_;
  Values values_;
  int next_ = 0;
};

}  // namespace bb::reference
