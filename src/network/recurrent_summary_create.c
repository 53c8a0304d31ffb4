#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "initialise.h"
#include "recurrent_summary.h"
#include "rheobase/base/memory.h"

static rb_status check_conv(rb_context *ctx, const rb_summary_settings *s, int i) {
  if (s->filters[i] < 1 || s->kernel_sizes[i] < 1 || s->strides[i] < 1) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "summary convolution %d has filters %d, kernel_size %d, stride %d; all must be "
                   "positive",
                   i, s->filters[i], s->kernel_sizes[i], s->strides[i]);
  }
  if (s->groups < 0 || (s->groups > 0 && s->filters[i] % s->groups != 0)) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "summary groups is %d; it must divide every filters (%d)",
                   s->groups, s->filters[i]);
  }
  return RB_OK;
}

rb_status rb_recurrent_summary_check(rb_context *ctx, const rb_summary_settings *s) {
  if (s->kernel_size_count != s->conv_layers || s->stride_count != s->conv_layers) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "network.summary: filters, kernel_sizes and strides have %d, %d and %d entries; "
                   "give each one entry per convolution",
                   s->conv_layers, s->kernel_size_count, s->stride_count);
  }
  for (int i = 0; s->groups > 0 && i < s->conv_layers; ++i) {
    if (s->filters[i] % s->groups == 0) continue;
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "network.summary.groups = %d does not divide the %d filters of convolution %d",
                   s->groups, s->filters[i], i + 1);
  }
  return RB_OK;
}

static rb_status check_settings(rb_context *ctx, const rb_summary_settings *s, int64_t T, int C) {
  if (T < 1 || C < 1) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "a series of %" PRId64 " steps and %d channels is empty", T,
                   C);
  }
  if (s->conv_layers < 1 || s->conv_layers > RB_MAX_LAYERS) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "summary filters has %d entries; it must have 1 to %d",
                   s->conv_layers, RB_MAX_LAYERS);
  }
  for (int i = 0; i < s->conv_layers; ++i) {
    const rb_status status = check_conv(ctx, s, i);
    if (status != RB_OK) return status;
  }
  if (s->summary_dim < 1 || s->recurrent_dim < 1 || s->skip_steps < 1) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "summary_dim %d, recurrent_dim %d and skip_steps %d must be positive",
                   s->summary_dim, s->recurrent_dim, s->skip_steps);
  }
  if (!(s->dropout >= 0 && s->dropout < 1)) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "summary dropout is %g; it must be in [0, 1)", s->dropout);
  }
  return RB_OK;
}

/* BLAS counts in int: the largest product has B T_out rows. */
static rb_status check_sizes(rb_context *ctx, const rb_conv1d *conv, int max_batch) {
  const double elements =
      (double)max_batch * (double)conv->T_out * ((double)conv->kernel * conv->in + conv->out);
  if (elements < 2147483647.0) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_SETTING,
                 "the summary network is too large for micro-batches of %d: use a smaller "
                 "micro_batch or strides",
                 max_batch);
}

static rb_status add_conv(rb_context *ctx, const char *name, const rb_conv1d *conv,
                          rb_parameters *parameters, int *kernel, int *bias) {
  char path[2 * RB_TENSOR_NAME_SIZE];
  (void)snprintf(path, sizeof path, "summary/%s/kernel", name);
  const int64_t shape[] = {conv->kernel, conv->in, conv->out};
  const rb_status status = rb_parameters_add(ctx, parameters, path, 3, shape, kernel);
  if (status != RB_OK) return status;
  (void)snprintf(path, sizeof path, "summary/%s/bias", name);
  return rb_parameters_add(ctx, parameters, path, 1, &shape[2], bias);
}

static rb_status create_convs(rb_context *ctx, int64_t T, int C, rb_parameters *parameters,
                              rb_recurrent_summary *summary) {
  rb_status status = RB_OK;
  const rb_summary_settings *s = &summary->settings;
  for (int i = 0; i < s->conv_layers; ++i) {
    rb_summary_conv *layer = &summary->conv[i];
    char name[RB_TENSOR_NAME_SIZE];
    layer->conv = rb_conv1d_make(T, C, s->filters[i], s->kernel_sizes[i], s->strides[i]);
    RB_TRY(check_sizes(ctx, &layer->conv, summary->max_batch));
    (void)snprintf(name, sizeof name, "conv_%d", i);
    RB_TRY(add_conv(ctx, name, &layer->conv, parameters, &layer->kernel, &layer->bias));
    T = layer->conv.T_out;
    C = layer->conv.out;
    if (s->groups == 0) continue;
    const int64_t shape[] = {C};
    (void)snprintf(name, sizeof name, "summary/group_norm_%d/gamma", i);
    RB_TRY(rb_parameters_add(ctx, parameters, name, 1, shape, &layer->gamma));
    (void)snprintf(name, sizeof name, "summary/group_norm_%d/beta", i);
    RB_TRY(rb_parameters_add(ctx, parameters, name, 1, shape, &layer->beta));
  }
  summary->skip = rb_conv1d_make(T, C, C * s->skip_steps, s->skip_steps, s->skip_steps);
  RB_TRY(check_sizes(ctx, &summary->skip, summary->max_batch));
  RB_TRY(add_conv(ctx, "skip_conv", &summary->skip, parameters, &summary->skip_kernel,
                  &summary->skip_bias));
cleanup:
  return status;
}

static rb_status add_net(rb_context *ctx, const char *name, const rb_summary_settings *s,
                         rb_parameters *parameters, rb_summary_net *net) {
  rb_status status = RB_OK;
  const int H = s->recurrent_dim;
  const int64_t columns = (int64_t)H * (s->recurrent_type == RB_GRU ? 3 : 4);
  char path[2 * RB_TENSOR_NAME_SIZE];
  (void)snprintf(path, sizeof path, "summary/%s/kernel", name);
  RB_TRY(
      rb_parameters_add(ctx, parameters, path, 2, (int64_t[]){net->inputs, columns}, &net->kernel));
  (void)snprintf(path, sizeof path, "summary/%s/recurrent_kernel", name);
  RB_TRY(
      rb_parameters_add(ctx, parameters, path, 2, (int64_t[]){H, columns}, &net->recurrent_kernel));
  (void)snprintf(path, sizeof path, "summary/%s/bias", name);
  if (s->recurrent_type == RB_GRU) {
    RB_TRY(rb_parameters_add(ctx, parameters, path, 2, (int64_t[]){2, columns}, &net->bias));
  } else {
    RB_TRY(rb_parameters_add(ctx, parameters, path, 1, &columns, &net->bias));
  }
cleanup:
  return status;
}

static rb_status create_nets(rb_context *ctx, rb_parameters *parameters,
                             rb_recurrent_summary *summary) {
  rb_status status = RB_OK;
  const rb_summary_settings *s = &summary->settings;
  const int directions = s->bidirectional ? 2 : 1;
  for (int i = 0; i < 2 * directions; ++i) {
    rb_summary_net *net = &summary->net[i];
    net->skip = i >= directions;
    net->reverse = i % directions == 1;
    net->inputs = net->skip ? summary->skip.out : summary->skip.in;
    const int64_t T = net->skip ? summary->skip.T_out : summary->skip.T;
    char name[RB_TENSOR_NAME_SIZE];
    (void)snprintf(name, sizeof name, "%srecurrent%s", net->skip ? "skip_" : "",
                   !s->bidirectional ? ""
                   : net->reverse    ? "_backward"
                                     : "_forward");
    RB_TRY(add_net(ctx, name, s, parameters, net));
    RB_TRY(rb_recurrent_create(ctx, s->recurrent_type, net->inputs, s->recurrent_dim, T,
                               summary->max_batch, &net->recurrent));
    ++summary->nets;
  }
cleanup:
  return status;
}

rb_status rb_recurrent_summary_create(rb_context *ctx, const rb_summary_settings *settings,
                                      rb_shape shape, int max_batch, rb_parameters *parameters,
                                      void **state) {
  rb_status status = RB_OK;
  rb_recurrent_summary *summary = NULL;
  RB_TRY(RB_ALLOCATE(ctx, summary, 1));
  summary->settings = *settings;
  summary->max_batch = max_batch;
  RB_TRY(check_settings(ctx, settings, shape.length, shape.channels));
  RB_TRY(create_convs(ctx, shape.length, shape.channels, parameters, summary));
  RB_TRY(create_nets(ctx, parameters, summary));
  const int64_t H = settings->recurrent_dim, dim = settings->summary_dim;
  RB_TRY(rb_parameters_add(ctx, parameters, "summary/output_projector/kernel", 2,
                           (int64_t[]){H, dim}, &summary->dense_kernel));
  RB_TRY(rb_parameters_add(ctx, parameters, "summary/output_projector/bias", 1, &dim,
                           &summary->dense_bias));
  *state = summary;
  summary = NULL;
cleanup:
  rb_recurrent_summary_destroy(summary);
  return status;
}

void rb_recurrent_summary_destroy(void *state) {
  rb_recurrent_summary *summary = state;
  if (summary == NULL) return;
  for (int i = 0; i < summary->nets; ++i) rb_recurrent_destroy(summary->net[i].recurrent);
  free(summary);
}

void rb_recurrent_summary_layout(void *state, rb_workspace *workspace) {
  rb_recurrent_summary *summary = state;
  const rb_summary_settings *s = &summary->settings;
  const int64_t B = summary->max_batch, H = s->recurrent_dim;
  int64_t windows = rb_conv1d_scratch(&summary->skip, summary->max_batch);
  for (int i = 0; i < s->conv_layers; ++i) {
    rb_summary_conv *layer = &summary->conv[i];
    const int64_t count = B * layer->conv.T_out * layer->conv.out;
    const int64_t scratch = rb_conv1d_scratch(&layer->conv, summary->max_batch);
    if (scratch > windows) windows = scratch;
    layer->pre = rb_workspace_take(workspace, count);
    layer->post = rb_workspace_take(workspace, count);
    layer->output = s->groups > 0 ? rb_workspace_take(workspace, count) : layer->post;
    layer->mean = rb_workspace_take(workspace, B * s->groups);
    layer->rstd = rb_workspace_take(workspace, B * s->groups);
    layer->d = rb_workspace_take(workspace, count);
  }
  summary->windows = rb_workspace_take(workspace, windows);
  const int64_t skipped = B * summary->skip.T_out * summary->skip.out;
  summary->skipped = rb_workspace_take(workspace, skipped);
  summary->dskipped = rb_workspace_take(workspace, skipped);
  summary->hidden = rb_workspace_take(workspace, B * H);
  summary->dhidden = rb_workspace_take(workspace, B * H);
  summary->state = rb_workspace_take(workspace, B * H);
  for (int i = 0; i < summary->nets; ++i) {
    rb_summary_net *net = &summary->net[i];
    net->mask = s->dropout > 0 ? rb_workspace_take(workspace, B * net->inputs) : NULL;
  }
}

rb_status rb_recurrent_summary_initialise(rb_context *ctx, const void *state, uint64_t seed,
                                          uint16_t member, const rb_parameters *parameters) {
  const rb_recurrent_summary *summary = state;
  const rb_summary_settings *s = &summary->settings;
  const int H = s->recurrent_dim;
  for (int i = 0; i < s->conv_layers; ++i) {
    const rb_summary_conv *layer = &summary->conv[i];
    rb_initialise_glorot(seed, member, parameters, layer->kernel);
    rb_initialise_constant(parameters, layer->bias, 0);
    if (s->groups == 0) continue;
    rb_initialise_constant(parameters, layer->gamma, 1);
    rb_initialise_constant(parameters, layer->beta, 0);
  }
  rb_initialise_glorot(seed, member, parameters, summary->skip_kernel);
  rb_initialise_constant(parameters, summary->skip_bias, 0);
  for (int i = 0; i < summary->nets; ++i) {
    const rb_summary_net *net = &summary->net[i];
    rb_initialise_glorot(seed, member, parameters, net->kernel);
    const rb_status status =
        rb_initialise_orthogonal(ctx, seed, member, parameters, net->recurrent_kernel);
    if (status != RB_OK) return status;
    rb_initialise_constant(parameters, net->bias, 0);
    if (s->recurrent_type != RB_LSTM) continue;
    rb_real *forget = rb_parameters_at(parameters, net->bias) + H;  // gates are i, f, c, o
    for (int j = 0; j < H; ++j) forget[j] = 1;
  }
  rb_initialise_glorot(seed, member, parameters, summary->dense_kernel);
  rb_initialise_constant(parameters, summary->dense_bias, 0);
  return RB_OK;
}

double rb_recurrent_summary_flops(const void *state) {
  const rb_recurrent_summary *summary = state;
  const rb_summary_settings *s = &summary->settings;
  const double H = s->recurrent_dim, gates = s->recurrent_type == RB_GRU ? 3 : 4;
  double products = H * s->summary_dim;
  for (int i = 0; i <= s->conv_layers; ++i) {
    const rb_conv1d *conv = i < s->conv_layers ? &summary->conv[i].conv : &summary->skip;
    products += (double)conv->T_out * conv->kernel * conv->in * conv->out;
  }
  for (int i = 0; i < summary->nets; ++i) {
    const rb_summary_net *net = &summary->net[i];
    const int64_t T = net->skip ? summary->skip.T_out : summary->skip.T;
    products += (double)T * (net->inputs + H) * gates * H;
  }
  return 2 * products;
}
