#include "source.h"

rb_neuron_source rb_neuron_source_make(const rb_neuron_state *state, rb_isa isa, uint64_t seed,
                                       rb_purpose purpose) {
  return (rb_neuron_source){
      .state = state,
      .kernel = RB_KERNEL_SELECT(rb_neuron_record_kernel, isa),
      .streams = {.seed = seed,
                  .current = rb_stream_make(seed, purpose, RB_RANDOM_PROCESS_NOISE, 0, 0).word,
                  .spikes = rb_stream_make(seed, purpose, RB_RANDOM_EVENTS, 0, 0).word,
                  .noise = rb_stream_make(seed, purpose, RB_RANDOM_OBSERVATION_NOISE, 0, 0).word}};
}

void rb_neuron_source_set_items(int64_t first, int64_t count, rb_neuron_source *source) {
  for (int64_t l = 0; l < RB_LANES; ++l) {
    const uint64_t item = (uint64_t)(first + (l < count ? l : count - 1));
    source->streams.items.low[l] = (uint32_t)item;
    source->streams.items.high[l] = (uint32_t)(item >> 32);
  }
}

void rb_neuron_source_drive(const rb_neuron_source *source, int64_t first, rb_neuron_tile *tile) {
  const rb_neuron_state *state = source->state;
  source->kernel->drive(&source->streams, first, state->current + first, state->current_sd, tile);
  if (state->neuron->draws_spikes) source->kernel->draw(&source->streams, first, tile);
}
