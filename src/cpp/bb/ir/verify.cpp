// Checks the structure of every function: names, order of definition, operators and calls.
#include <algorithm>
#include <map>
#include <set>

#include "bb/base/descriptor.h"
#include "bb/ir/node_checks.h"
#include "bb/ir/utf8.h"

namespace bb::ir {
namespace {

using Key = std::pair<std::string_view, std::string_view>;
using Index = std::map<Key, const Function*>;

Error problem(std::string code, std::string what, std::string value = {}, std::string hint = {}) {
  return make_error(Fault::kCompile, std::move(code), std::move(what), printable(value),
                    std::move(hint));
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& names) {
  const std::string near = nearest(word, names);
  return near.empty() ? std::string() : "did you mean \"" + near + "\"?";
}

class FunctionChecker {
 public:
  FunctionChecker(const Function& function, const Index& functions, Problems& problems)
      : function_(function), functions_(functions), problems_(problems) {}

  void run() {
    for (const std::string& name : function_.inputs) define(name, "function input");
    for (const Node& node : function_.nodes)
      produced_.insert(node.outputs.begin(), node.outputs.end());
    for (const Node& node : function_.nodes) {
      check_uses(node);
      if (is_call_domain(node.domain))
        check_call(node);
      else if (const OpInfo* info = find_op(node.domain, node.op))
        check_node(node, *info, problems_);
      else
        problems_.add(place_of(node), unknown_op(node));
      for (const std::string& name : node.outputs)
        if (!name.empty()) define(name, place_of(node));
    }
    for (const std::string& name : function_.outputs)
      if (!defined_.contains(name))
        problems_.add(here(), problem("undefined_value", "a function output is never made", name));
  }

 private:
  std::string here() const { return "function \"" + printable(function_.name) + "\""; }

  void define(const std::string& name, const std::string& place) {
    if (name.empty())
      problems_.add(place, problem("bad_name", "a function input has no name"));
    else if (!defined_.insert(name).second)
      problems_.add(place, problem("defined_twice", "this value is defined twice", name,
                                   "give every value its own name"));
  }

  void check_uses(const Node& node) {
    for (const std::string& name : node.inputs) {
      if (name.empty() || defined_.contains(name)) continue;
      if (produced_.contains(name))
        problems_.add(place_of(node), problem("used_before_defined", "an input is made later", name,
                                              "sort the nodes"));
      else
        problems_.add(place_of(node),
                      problem("undefined_value", "an input is never made", name,
                              did_you_mean(name, {defined_.begin(), defined_.end()})));
    }
  }

  void check_call(const Node& node) {
    const auto found = functions_.find(Key(node.domain, node.op));
    if (found == functions_.end()) {
      std::vector<std::string> names;
      for (const auto& [key, function] : functions_)
        if (key.first == node.domain) names.emplace_back(key.second);
      problems_.add(place_of(node), problem("unknown_function", "the called function is missing",
                                            node.op, did_you_mean(node.op, names)));
      return;
    }
    const Function& callee = *found->second;
    const auto check_count = [&](const char* what, size_t given, size_t wanted) {
      if (given == wanted) return;
      problems_.add(place_of(node), problem("bad_arity",
                                            "\"" + printable(node.op) + "\" has " +
                                                std::to_string(wanted) + " " + what,
                                            std::to_string(given)));
    };
    check_count("inputs", node.inputs.size(), callee.inputs.size());
    check_count("outputs", node.outputs.size(), callee.outputs.size());
    for (const auto& [name, value] : node.attrs) {
      const bool by_name = node.domain == domain::kModule && name == "inputs_by_name" &&
                           std::holds_alternative<std::vector<std::string>>(value);
      if (!by_name)
        problems_.add(place_of(node),
                      problem("unknown_attribute", "a call has no such attribute", name));
    }
    if (node.attr("inputs_by_name")) check_names(node, callee);
  }

  void check_names(const Node& node, const Function& callee) {
    const std::vector<std::string> given = node.strings_attr("inputs_by_name");
    if (given.size() != node.inputs.size())
      problems_.add(place_of(node), problem("bad_arity", "inputs_by_name does not name every input",
                                            std::to_string(given.size())));
    std::set<std::string> seen;
    for (const std::string& name : given) {
      if (std::find(callee.inputs.begin(), callee.inputs.end(), name) == callee.inputs.end())
        problems_.add(place_of(node),
                      problem("unknown_input", "\"" + printable(node.op) + "\" has no such input",
                              name, did_you_mean(name, callee.inputs)));
      else if (!seen.insert(name).second)
        problems_.add(place_of(node), problem("defined_twice", "an input is given twice", name));
    }
  }

  const Function& function_;
  const Index& functions_;
  Problems& problems_;
  std::set<std::string> defined_;
  std::set<std::string> produced_;
};

}  // namespace

Status verify(const Model& model) {
  Problems problems;
  Index functions;
  for (const Function& function : model.functions) {
    const bool known = is_call_domain(function.domain) || function.domain == domain::kTarget;
    if (!known)
      problems.add(
          problem("unknown_domain", "functions do not live in this domain", function.domain));
    if (function.name.empty()) problems.add(problem("bad_name", "a function has no name"));
    if (!functions.emplace(Key(function.domain, function.name), &function).second)
      problems.add(problem("defined_twice", "this function is defined twice", function.name));
  }
  for (const Function& function : model.functions)
    FunctionChecker(function, functions, problems).run();
  return problems.status();
}

}  // namespace bb::ir
