// Calls of data sources and peer selectors.
#include "bb/engine/operation.h"

namespace bb::engine {

namespace {

Part& part_at(const Call& call, uint32_t slot) { return call.engine.site().parts[slot]; }

Status output_peers(const Call& call, Result<Peers> peers) {
  if (!peers.ok()) return std::move(peers).error();
  return call.checked_output(0, std::move(*peers));
}

}  // namespace

Status run_next_batch(const Call& call) {
  Part& part = part_at(call, call.op.argument);
  CallContext context = context_of(call, part);
  BB_ASSIGN_OR_RETURN(Batch batch, part.data->next_batch(context));
  BB_RETURN_IF_ERROR(call.checked_output(0, std::move(batch.x)));
  return call.checked_output(1, std::move(batch.y));
}

Status run_peers_view(const Call& call) {
  Part& part = part_at(call, call.op.argument);
  CallContext context = context_of(call, part);
  return output_peers(call, part.selector->view(context));
}

Status run_peers_neighbours(const Call& call) {
  Part& part = part_at(call, call.op.argument);
  CallContext context = context_of(call, part);
  return output_peers(call, part.selector->neighbours(context));
}

Status run_peers_sample(const Call& call) {
  const SamplePlan& sample = call.frame.plan->samples[call.op.argument];
  Part& part = part_at(call, sample.slot);
  CallContext context = context_of(call, part);
  return output_peers(call, part.selector->sample(context, sample.request));
}

}  // namespace bb::engine
