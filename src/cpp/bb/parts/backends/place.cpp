// Memory placement of a plan.
#include "bb/parts/backends/place.h"

#include <algorithm>

namespace bb::cpu {
namespace {

constexpr size_t kAlign = 64;

/// A value's storage: the root value that owns the bytes, and the offset inside it.
struct Storage {
  size_t root;
  size_t offset;
};

class Placer {
 public:
  Placer(Plan& plan, const std::vector<View>& views) : plan_(plan), views_(views) {}

  void run() {
    drop_dead_steps();
    resolve_roots();
    place_outputs();
    pack_workspace();
    for (size_t v = 0; v < plan_.values.size(); ++v) {
      const Location& root = plan_.locations[storage_[v].root];
      if (storage_[v].root != v)
        plan_.locations[v] = {root.kind, root.index, root.offset + storage_[v].offset};
    }
    measure_outputs();
  }

 private:
  void drop_dead_steps() {
    std::vector<bool> needed(plan_.values.size(), false);
    auto need = [&](size_t v) {
      while (v != kAbsent && !needed[v]) {
        needed[v] = true;
        v = views_[v].source;
      }
    };
    for (size_t v : plan_.outputs) need(v);
    std::vector<Step> kept;
    for (size_t s = plan_.steps.size(); s-- > 0;) {
      Step& step = plan_.steps[s];
      const bool used = std::any_of(step.out.begin(), step.out.end(),
                                    [&](size_t v) { return v != kAbsent && needed[v]; });
      if (!used) continue;
      for (size_t v : step.in) need(v);
      kept.push_back(std::move(step));
    }
    std::reverse(kept.begin(), kept.end());
    plan_.steps = std::move(kept);
  }

  bool fixed(size_t v) const { return plan_.locations[v].kind != Location::Kind::kNone; }

  void resolve_roots() {
    const size_t n = plan_.values.size();
    storage_.resize(n);
    for (size_t v = 0; v < n; ++v) {  // sources come before their views
      storage_[v] = {v, 0};
      if (views_[v].source != v) {
        const Storage& source = storage_[views_[v].source];
        storage_[v] = {source.root, source.offset + views_[v].offset};
      }
    }
    // Pieces of a concatenation move into it, last concatenation first, when nobody else fixed
    // them.
    std::vector<bool> moved(n, false);
    for (size_t s = plan_.steps.size(); s-- > 0;) {
      const Step& step = plan_.steps[s];
      const auto& concat = views_[step.out[0]].concat;
      if (!concat || plan_.values[step.out[0]].count == 0) continue;
      size_t offset = 0;
      for (size_t piece : *concat) {
        const size_t bytes = plan_.values[piece].bytes();
        const Storage from = storage_[piece];
        const bool whole = from.offset == 0 && plan_.values[from.root].bytes() == bytes;
        if (whole && bytes > 0 && !fixed(from.root) && !moved[from.root] &&
            from.root != storage_[step.out[0]].root) {
          const Storage to = {storage_[step.out[0]].root, storage_[step.out[0]].offset + offset};
          moved[from.root] = true;
          for (Storage& any : storage_)
            if (any.root == from.root) any = {to.root, to.offset + any.offset};
        }
        offset += bytes;
      }
    }
  }

  void place_outputs() {
    for (size_t i = 0; i < plan_.outputs.size(); ++i) {
      const size_t root = storage_[plan_.outputs[i]].root;
      if (!fixed(root)) plan_.locations[root] = {Location::Kind::kOutput, i, 0};
    }
  }

  /// The storage behind an output reaches to the farthest end of any value placed in it.
  void measure_outputs() {
    plan_.output_bytes.assign(plan_.outputs.size(), 0);
    for (size_t v = 0; v < plan_.values.size(); ++v) {
      const Location& at = plan_.locations[v];
      if (at.kind != Location::Kind::kOutput) continue;
      size_t& bytes = plan_.output_bytes[at.index];
      bytes = std::max({bytes, at.offset + plan_.values[v].bytes(), size_t{1}});
    }
  }

  void pack_workspace() {
    struct Interval {
      size_t root, first, last, bytes, offset;
    };
    std::vector<size_t> first(plan_.values.size(), kAbsent), last(plan_.values.size(), 0);
    for (size_t s = 0; s < plan_.steps.size(); ++s) {
      auto touch = [&](size_t v) {
        if (v == kAbsent) return;
        const size_t root = storage_[v].root;
        first[root] = std::min(first[root], s);
        last[root] = std::max(last[root], s);
      };
      for (size_t v : plan_.steps[s].in) touch(v);
      for (size_t v : plan_.steps[s].out) touch(v);
    }
    std::vector<Interval> placed;
    for (size_t v = 0; v < plan_.values.size(); ++v) {
      if (storage_[v].root != v || fixed(v) || first[v] == kAbsent) continue;
      const size_t bytes = (plan_.values[v].bytes() + kAlign - 1) / kAlign * kAlign;
      Interval mine{v, first[v], last[v], std::max(bytes, kAlign), 0};
      std::vector<Interval> beside;
      for (const Interval& other : placed)
        if (other.first <= mine.last && mine.first <= other.last) beside.push_back(other);
      std::sort(beside.begin(), beside.end(),
                [](const Interval& a, const Interval& b) { return a.offset < b.offset; });
      for (const Interval& other : beside) {
        if (mine.offset + mine.bytes <= other.offset) break;
        mine.offset = std::max(mine.offset, other.offset + other.bytes);
      }
      placed.push_back(mine);
      plan_.locations[v] = {Location::Kind::kWorkspace, 0, mine.offset};
      plan_.workspace_bytes = std::max(plan_.workspace_bytes, mine.offset + mine.bytes);
    }
  }

  Plan& plan_;
  const std::vector<View>& views_;
  std::vector<Storage> storage_;
};

}  // namespace

void place(Plan& plan, const std::vector<View>& views) { Placer(plan, views).run(); }

}  // namespace bb::cpu
