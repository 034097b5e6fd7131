// Install: turns options into what one node lends to the engine.
#pragma once

#include "bb/engine/site.h"
#include "bb/node/node.h"

namespace bb::node {

/// The engine's site of a node, and the names of the targets it has.
struct Installation {
  engine::Site site;
  std::vector<std::string> targets;
};

/// Errors: InstallError or ConfigError unknown_target, unknown_slot, missing_component,
/// missing_resource, wrong_role and those of components; everything wrong is listed.
Result<Installation> install(const Program& program, InstallOptions options);

}  // namespace bb::node
