// The default of components: they take no object from the host.
#include "bb/roles/component.h"

namespace bb {

Status Component::attach(std::shared_ptr<const Resource>) {
  return make_error(Fault::kConfig, "unexpected_resource",
                    "this " + std::string(role()) + " takes no resource", {},
                    "leave the slot out of resources=");
}

}  // namespace bb
