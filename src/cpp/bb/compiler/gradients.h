// What a gradient rule sees: one node, the gradients of its outputs, and where to put those of its
// inputs.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bb/compiler/gradient_writer.h"

namespace bb::compiler {

/// The summands of one value's gradient: whole ones, and blocks that are zero elsewhere.
struct Summands {
  std::vector<std::string> whole;
  std::vector<Block> blocks;
};
using SummandsByValue = std::map<std::string, Summands>;

/// The view of one node that its rule works on; rules write nodes with `write`.
class Step {
 public:
  Step(const ir::Node& node, Writer& writer, const std::set<std::string>& active,
       const std::vector<std::string>& output_gradients, SummandsByValue& summands)
      : write(writer),
        node(node),
        active_(active),
        output_gradients_(output_gradients),
        summands_(summands) {}

  Writer& write;
  const ir::Node& node;

  const std::string& in(size_t i) const { return node.inputs[i]; }
  const std::string& out(size_t i = 0) const { return node.outputs[i]; }
  bool has_input(size_t i) const { return i < node.inputs.size() && !node.inputs[i].empty(); }
  bool has_output(size_t i) const { return i < node.outputs.size() && !node.outputs[i].empty(); }
  /// Whether the gradient of input i is needed.
  bool wants(size_t i) const { return has_input(i) && active_.contains(in(i)); }
  /// The gradient of output i; empty when the result does not depend on that output.
  const std::string& dy(size_t i = 0) const { return output_gradients_[i]; }

  /// Adds to the gradient of input i, which has the shape of `gradient`.
  void add(size_t i, const std::string& gradient);
  /// Adds to the gradient of input i, which is 0 outside the block [first, first+size) of `axis`.
  void add_block(size_t i, const std::string& gradient, int64_t axis, int64_t first, int64_t size);
  /// Adds to the gradient of input i after summing over the axes along which it was broadcast.
  /// Errors: CompileError undecidable_shape.
  Status add_unbroadcast(size_t i, const std::string& gradient);

  /// Integers that a constant input holds. Errors: CompileError not_constant.
  Result<Ints> constant_ints(size_t i) const;
  /// The axes of a reduction (input 1, constant), from the front; all when absent.
  Result<Ints> reduced_axes() const;
  /// The `axis` attribute, from the front of an operand of `rank`.
  int64_t axis(int64_t fallback, int64_t rank) const {
    return from_front(node.int_attr("axis", fallback), rank);
  }
  Error error(std::string code, std::string message, std::string value, std::string hint) const;

 private:
  const std::set<std::string>& active_;
  const std::vector<std::string>& output_gradients_;
  SummandsByValue& summands_;
};

/// The node's operator, name and source line, as errors show them.
std::string place_of(const ir::Node& node);

/// Writes the gradients of a node's wanted inputs.
using GradientRule = Status (*)(Step& step);

/// Gives every softmax cross-entropy among `active` its second output, which its rule reads.
void expose_log_probabilities(ir::Function& function, const std::set<std::string>& active);

/// How an operator differentiates; from gradients.def.
struct GradientInfo {
  std::string_view op;
  GradientRule rule;  ///< nullptr: the gradient stops here
};
/// The row of an operator, or nullptr when it has no rule.
const GradientInfo* find_gradient(std::string_view op);
const std::vector<GradientInfo>& all_gradients();

}  // namespace bb::compiler
