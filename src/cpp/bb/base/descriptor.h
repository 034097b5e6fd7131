// Descriptor: the facts of one catalogue part; Python factory, CLI, docs and tests come from it.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "bb/base/config.h"

namespace bb {

enum class ParamType : uint8_t { kInt, kFloat, kBool, kString, kFloatOrString, kList };

/// One typed parameter of a part.
struct Param {
  std::string name;
  ParamType type = ParamType::kInt;
  Config fallback;        ///< default; null together with required=true means none
  bool required = false;  ///< must be given (an experiment gives `f` to parts that leave it unset)
  std::string doc;        ///< one sentence, with unit
  std::vector<std::string> choices = {};                  ///< legal strings; empty = any
  double min = -std::numeric_limits<double>::infinity();  ///< inclusive
  double max = std::numeric_limits<double>::infinity();   ///< inclusive
};

/// What a part is: everything a person or a generator needs to know about it.
struct Descriptor {
  std::string family;   ///< "aggregators", "attacks", ...
  std::string name;     ///< exact public name
  std::string summary;  ///< one line
  std::string formula;  ///< plain text or TeX-free math
  std::string paper;    ///< authors, title, venue, year
  std::vector<Param> params = {};
  std::string preconditions = {};            ///< in words, e.g. "n >= 2f+3"
  std::string cost = {};                     ///< e.g. "O(n²d)"
  std::vector<std::string> properties = {};  ///< claims to test, e.g. "permutation_invariant"
  Config extra = {};                         ///< family-specific facts (level, knowledge, ...)
};

/// Fills defaults and checks names, types, choices and ranges of `given` against the parameters.
/// An int counts as a float, a number as text for kString, "inf" and "-inf" as floats, null as
/// absent; a bool is no int and NaN is refused. Parameters without value or default stay out of the
/// result. Errors: ConfigError unknown_parameter (suggests the nearest), bad_parameter,
/// missing_parameter.
Result<Config> resolve_params(const Descriptor& descriptor, const Config& given);

/// A parsed spec string such as "krum:f=3,neighbors=n-f-1".
struct Spec {
  std::string name;
  Config params;
};
/// Parses one stage of a spec: values are int, float, true, false, "quoted" or plain text. Errors:
/// ConfigError bad_spec with the offending text.
Result<Spec> parse_spec(std::string_view text);
/// Parses a pipeline "a:x=1 >> b" into its stages, left to right.
Result<std::vector<Spec>> parse_pipeline(std::string_view text);

/// The first candidate nearest to `word` by edit distance (Damerau-Levenshtein, ignoring case), or
/// empty when all are farther than max(2, length / 3) edits.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace bb
