// Pass fuse: turns maximal connected groups of ai.onnx operations into region functions.
//
// Every operation has a level: the most of our own operations on a path to it. Operations of one
// level, frame and gather depth that are connected form a region: a path that leaves a region
// passes one of our operations and so ends on a higher level, which keeps regions convex; and
// nothing waits for a value that only comes after a gather. An operation that only feeds regions of
// its own depth sinks to the lowest of their levels first. Constants are copied into every region
// that uses them.
#include <algorithm>

#include "bb/compiler/gather_depth.h"
#include "bb/compiler/passes.h"
#include "bb/compiler/rewrite.h"
#include "bb/compiler/union_find.h"

namespace bb::compiler {
namespace {

class Fuser {
 public:
  explicit Fuser(ir::Function target)
      : target_(std::move(target)),
        made_by_(ir::producers(target_)),
        constants_(constant_values(target_)),
        depth_(gather_depths(target_)),
        level_(target_.nodes.size(), 0),
        users_(target_.nodes.size()),
        names_(target_) {}

  /// The target with calls, then its regions.
  std::vector<ir::Function> run() {
    find_levels();
    sink();
    collect();
    ir::Function out = target_;
    out.nodes.clear();
    for (size_t i = 0; i < target_.nodes.size(); ++i) {
      if (is_constant(i)) continue;
      if (target_.nodes[i].is_onnx()) {
        if (last_of_.contains(i)) out.nodes.push_back(make_region(last_of_.at(i)));
      } else {
        lift_constants(target_.nodes[i], out);
        out.nodes.push_back(target_.nodes[i]);
      }
    }
    std::vector<ir::Function> all = {std::move(out)};
    for (ir::Function& region : regions_) all.push_back(std::move(region));
    return all;
  }

 private:
  bool is_constant(size_t i) const {
    return target_.nodes[i].is_onnx() && constants_.contains(target_.nodes[i].outputs[0]);
  }
  bool is_fused(size_t i) const { return target_.nodes[i].is_onnx() && !is_constant(i); }
  const std::string& frame(size_t i) const { return meta_of(target_.nodes[i].meta, "bb.frame"); }

  void find_levels() {
    for (size_t i = 0; i < target_.nodes.size(); ++i) {
      const ir::Node& node = target_.nodes[i];
      for (const std::string& name : node.inputs) {
        const auto maker = made_by_.find(name);
        if (maker == made_by_.end() || is_constant(maker->second)) continue;
        level_[i] = std::max(level_[i], level_[maker->second]);
        users_[maker->second].push_back(i);
      }
      if (!node.is_onnx()) ++level_[i];
    }
  }

  void sink() {
    const std::set<std::string> outputs(target_.outputs.begin(), target_.outputs.end());
    for (size_t i = target_.nodes.size(); i-- > 0;) {
      if (!is_fused(i)) continue;
      size_t lowest = static_cast<size_t>(-1);
      bool only_regions = true;
      for (const size_t user : users_[i]) {
        only_regions &= is_fused(user);
        if (depth_[user] == depth_[i]) lowest = std::min(lowest, level_[user]);
      }
      for (const std::string& name : target_.nodes[i].outputs)
        only_regions &= !outputs.contains(name);
      if (only_regions && lowest != static_cast<size_t>(-1)) level_[i] = lowest;
    }
  }

  /// Connected operations of equal level, depth and frame; members in order, keyed by the last.
  void collect() {
    UnionFind sets(target_.nodes.size());
    for (size_t i = 0; i < target_.nodes.size(); ++i) {
      if (!is_fused(i)) continue;
      for (const std::string& name : target_.nodes[i].inputs) {
        const auto maker = made_by_.find(name);
        if (maker == made_by_.end() || !is_fused(maker->second)) continue;
        const size_t j = maker->second;
        if (level_[i] == level_[j] && depth_[i] == depth_[j] && frame(i) == frame(j))
          sets.join(i, j);
      }
    }
    std::map<size_t, std::vector<size_t>> members;
    for (size_t i = 0; i < target_.nodes.size(); ++i)
      if (is_fused(i)) members[sets.root(i)].push_back(i);
    for (auto& [root, list] : members) last_of_[list.back()] = list;
  }

  /// Constant operations that `wanted` needs, in order.
  std::vector<ir::Node> constants_for(std::set<std::string> wanted) const {
    std::vector<ir::Node> out;
    for (size_t i = target_.nodes.size(); i-- > 0;) {
      const ir::Node& node = target_.nodes[i];
      const bool used =
          is_constant(i) && std::any_of(node.outputs.begin(), node.outputs.end(),
                                        [&](const auto& v) { return wanted.contains(v); });
      if (!used) continue;
      wanted.insert(node.inputs.begin(), node.inputs.end());
      out.push_back(node);
    }
    std::reverse(out.begin(), out.end());
    return out;
  }

  ir::Function start_region() {
    ir::Function region;
    region.domain = std::string(ir::domain::kRegion);
    region.name = target_.name + ".r" + std::to_string(regions_.size());
    return region;
  }

  /// Adds the region as a function and returns its call.
  ir::Node finish_region(ir::Function region, const std::string& frame_index, std::string place) {
    merge_constants(region);
    ir::Node call;
    call.domain = region.domain;
    call.op = region.name;
    call.name = region.name;
    call.inputs = region.inputs;
    call.outputs = region.outputs;
    call.meta["bb.frame"] = frame_index;
    if (!place.empty()) call.meta["bb.loc"] = std::move(place);
    const auto take_type = [&](const std::string& name) {
      if (!name.empty()) region.types[name] = target_.types.at(name);
    };
    std::for_each(region.inputs.begin(), region.inputs.end(), take_type);
    for (ir::Node& node : region.nodes) {
      std::for_each(node.outputs.begin(), node.outputs.end(), take_type);
      std::erase_if(node.meta, [](const auto& item) { return item.first != "bb.loc"; });
    }
    regions_.push_back(std::move(region));
    return call;
  }

  ir::Node make_region(const std::vector<size_t>& members) {
    ir::Function region = start_region();
    const std::set<size_t> inside(members.begin(), members.end());
    std::set<std::string> made, wanted, taken;
    for (const size_t i : members) {
      for (const std::string& name : target_.nodes[i].inputs) {
        wanted.insert(name);
        const bool outside = !name.empty() && !made.contains(name) && !constants_.contains(name);
        if (outside && taken.insert(name).second) region.inputs.push_back(name);
      }
      made.insert(target_.nodes[i].outputs.begin(), target_.nodes[i].outputs.end());
      region.nodes.push_back(target_.nodes[i]);
      for (const std::string& name : target_.nodes[i].outputs)
        if (!name.empty() && is_used_outside(name, i, inside)) region.outputs.push_back(name);
    }
    std::vector<ir::Node> constants = constants_for(std::move(wanted));
    region.nodes.insert(region.nodes.begin(), constants.begin(), constants.end());
    const ir::Node& last = target_.nodes[members.back()];
    return finish_region(std::move(region), frame(members.back()), meta_of(last.meta, "bb.loc"));
  }

  bool is_used_outside(const std::string& name, size_t maker,
                       const std::set<size_t>& inside) const {
    if (std::find(target_.outputs.begin(), target_.outputs.end(), name) != target_.outputs.end())
      return true;
    return std::any_of(users_[maker].begin(), users_[maker].end(), [&](size_t user) {
      const auto& inputs = target_.nodes[user].inputs;
      return !inside.contains(user) &&
             std::find(inputs.begin(), inputs.end(), name) != inputs.end();
    });
  }

  /// Our own operations take constants from a region without inputs, one per frame and value.
  void lift_constants(ir::Node& node, ir::Function& out) {
    const std::string frame_index = meta_of(node.meta, "bb.frame");
    for (std::string& name : node.inputs) {
      if (!constants_.contains(name)) continue;
      std::string& lifted = lifted_[{frame_index, name}];
      if (lifted.empty()) {
        ir::Function region = start_region();
        region.nodes = constants_for({name});
        region.outputs = {name};
        ir::Node call = finish_region(std::move(region), frame_index, meta_of(node.meta, "bb.loc"));
        lifted = names_.fresh(name + "_at_" + frame_index);
        call.outputs = {lifted};
        out.types[lifted] = target_.types.at(name);
        out.nodes.push_back(std::move(call));
      }
      name = lifted;
    }
  }

  ir::Function target_;
  std::map<std::string, size_t> made_by_;
  std::set<std::string> constants_;
  std::vector<int> depth_;
  std::vector<size_t> level_;
  std::vector<std::vector<size_t>> users_;
  Names names_;
  std::map<size_t, std::vector<size_t>> last_of_;
  std::map<std::pair<std::string, std::string>, std::string> lifted_;
  std::vector<ir::Function> regions_;
};

}  // namespace

Result<PassResult> run_fuse(ir::Model model) {
  std::vector<ir::Function> functions;
  for (ir::Function& function : model.functions) {
    if (function.domain != ir::domain::kTarget) {
      functions.push_back(std::move(function));
      continue;
    }
    for (ir::Function& made : Fuser(std::move(function)).run())
      functions.push_back(std::move(made));
    ir::Function& target = *std::find_if(functions.rbegin(), functions.rend(), [](const auto& f) {
      return f.domain == ir::domain::kTarget;
    });
    BB_RETURN_IF_ERROR(ir::sort_topologically(target));
  }
  model.functions = std::move(functions);
  return PassResult{std::move(model), true};
}

}  // namespace bb::compiler
