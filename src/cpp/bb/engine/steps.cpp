// Steps: emptied between polls without giving memory back.
#include "bb/engine/steps.h"

namespace bb {

void Steps::clear() {
  sends.clear();
  outputs.clear();
  events.clear();
  failures.clear();
  timeouts.clear();
  drops.clear();
  more = false;
}

}  // namespace bb
