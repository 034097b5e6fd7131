// Checks parameters given to a part against its Descriptor and fills the defaults.
#include <cmath>

#include "bb/base/descriptor.h"

namespace bb {
namespace {

std::string_view wanted(ParamType type) {
  switch (type) {
    case ParamType::kInt:
      return "an integer";
    case ParamType::kFloat:
      return "a number";
    case ParamType::kBool:
      return "true or false";
    case ParamType::kString:
      return "a string";
    case ParamType::kFloatOrString:
      return "a number or a string";
    case ParamType::kList:
      return "a list";
  }
  BB_CHECK(false);
  return {};
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

Error bad(const Param& param, const Config& value, std::string must, std::string hint) {
  return make_error(Fault::kConfig, "bad_parameter",
                    "parameter \"" + param.name + "\" must be " + std::move(must), value.text(),
                    std::move(hint));
}

Error wrong_type(const Param& param, const Config& value) {
  const std::string kind(wanted(param.type));
  return bad(param, value, kind, "give " + kind);
}

Result<Config> check_range(const Param& param, const Config& value) {
  const double number = value.as_number();
  if (std::isnan(number)) return bad(param, value, "a number, not NaN", "give a number");
  if (number >= param.min && number <= param.max) return value;
  const std::string low = Config(param.min).text();
  const std::string high = Config(param.max).text();
  const std::string must = std::isinf(param.max)   ? "at least " + low
                           : std::isinf(param.min) ? "at most " + high
                                                   : "between " + low + " and " + high;
  return bad(param, value, must, "give a value " + must);
}

Result<Config> check_choice(const Param& param, const Config& value) {
  if (param.choices.empty()) return value;
  for (const std::string& choice : param.choices)
    if (choice == value.as_string()) return value;
  const std::string near = nearest(value.as_string(), param.choices);
  return bad(param, value, "one of " + joined(param.choices),
             near.empty() ? "choose one of them" : "did you mean \"" + near + "\"?");
}

/// The double a value stands for; "inf" and "-inf" are how canonical JSON writes infinities.
std::optional<double> float_of(const Config& value) {
  if (value.is_number()) return value.as_number();
  if (!value.is_string()) return std::nullopt;
  if (value.as_string() == "inf") return std::numeric_limits<double>::infinity();
  if (value.as_string() == "-inf") return -std::numeric_limits<double>::infinity();
  if (value.as_string() == "nan") return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

Result<Config> check(const Param& param, const Config& value) {
  switch (param.type) {
    case ParamType::kInt:
      if (!value.is_int()) return wrong_type(param, value);
      return check_range(param, value);
    case ParamType::kFloat:
      if (const auto number = float_of(value)) return check_range(param, Config(*number));
      return wrong_type(param, value);
    case ParamType::kBool:
      if (!value.is_bool()) return wrong_type(param, value);
      return value;
    case ParamType::kString:
      // A spec cannot tell the text 5 from the number 5.
      if (value.is_number()) return check_choice(param, Config(value.text()));
      if (!value.is_string()) return wrong_type(param, value);
      return check_choice(param, value);
    case ParamType::kFloatOrString:
      if (const auto number = float_of(value)) return check_range(param, Config(*number));
      if (!value.is_string()) return wrong_type(param, value);
      return check_choice(param, value);
    case ParamType::kList:
      if (!value.is_list()) return wrong_type(param, value);
      return value;
  }
  BB_CHECK(false);
  return value;
}

std::string place(const Descriptor& descriptor) {
  return descriptor.family.empty() ? descriptor.name : descriptor.family + "." + descriptor.name;
}

Status refuse_unknown(const Descriptor& descriptor, const Config& given) {
  std::vector<std::string> names;
  for (const Param& param : descriptor.params) names.push_back(param.name);
  for (const auto& [name, value] : given.as_dict()) {
    bool known = false;
    for (const std::string& candidate : names) known = known || candidate == name;
    if (known) continue;
    const std::string near = nearest(name, names);
    const std::string hint = !near.empty()   ? "did you mean \"" + near + "\"?"
                             : names.empty() ? "it takes no parameters"
                                             : "it takes " + joined(names);
    return make_error(Fault::kConfig, "unknown_parameter",
                      "\"" + descriptor.name + "\" has no parameter \"" + name + "\"", name, hint,
                      place(descriptor));
  }
  return {};
}

}  // namespace

Result<Config> resolve_params(const Descriptor& descriptor, const Config& given) {
  if (!given.is_null() && !given.is_dict())
    return make_error(Fault::kConfig, "bad_parameter", "parameters must be names with values",
                      given.text(), "give a mapping", place(descriptor));
  if (given.is_dict()) BB_RETURN_IF_ERROR(refuse_unknown(descriptor, given));
  Config resolved(Config::Dict{});
  for (const Param& param : descriptor.params) {
    const Config& value = given.get(param.name);
    if (value.is_null() && param.required && param.fallback.is_null())
      return make_error(Fault::kConfig, "missing_parameter",
                        "\"" + descriptor.name + "\" needs the parameter \"" + param.name + "\"",
                        {},
                        "give " + param.name + ": " +
                            (param.doc.empty() ? std::string(wanted(param.type)) : param.doc),
                        place(descriptor));
    const Config& chosen = value.is_null() ? param.fallback : value;
    if (chosen.is_null()) continue;
    Result<Config> checked = check(param, chosen);
    if (!checked.ok()) return std::move(checked).error().at(place(descriptor));
    resolved[param.name] = std::move(checked).value();
  }
  return resolved;
}

}  // namespace bb
