#include "recurrent_summary.h"

#include <string.h>

#include "dense.h"
#include "dropout.h"
#include "group_norm.h"

static void weights_changed(void *state, const rb_parameters *parameters) {
  const rb_recurrent_summary *summary = state;
  for (int i = 0; i < summary->nets; ++i) {
    const rb_summary_net *net = &summary->net[i];
    rb_recurrent_set_weights(net->recurrent, rb_parameters_at(parameters, net->kernel),
                             rb_parameters_at(parameters, net->recurrent_kernel),
                             rb_parameters_at(parameters, net->bias));
  }
}

static void draw_masks(void *state, rb_isa isa, const rb_dropout_source *source, uint32_t *position,
                       int B) {
  const rb_recurrent_summary *summary = state;
  if (summary->settings.dropout <= 0) return;
  for (int i = 0; i < summary->nets; ++i) {
    const rb_summary_net *net = &summary->net[i];
    rb_dropout_mask(isa, source, position, summary->settings.dropout, B, net->inputs, net->mask);
  }
}

/* to += from, the units of each row in reverse order if asked for. */
static void add_states(int B, int H, bool reverse, const rb_real *from, rb_real *to) {
  for (int b = 0; b < B; ++b) {
    const rb_real *source = from + (int64_t)b * H;
    rb_real *target = to + (int64_t)b * H;
    for (int i = 0; i < H; ++i) target[i] += source[reverse ? H - 1 - i : i];
  }
}

static const rb_real *run_convs(rb_recurrent_summary *summary, const rb_activation_kernel *kernels,
                                const rb_parameters *parameters, int B, bool each,
                                const rb_real *x) {
  const int groups = summary->settings.groups;
  for (int i = 0; i < summary->settings.conv_layers; ++i) {
    const rb_summary_conv *layer = &summary->conv[i];
    const rb_conv1d *conv = &layer->conv;
    rb_conv1d_forward(conv, B, each, x, rb_parameters_at(parameters, layer->kernel),
                      rb_parameters_at(parameters, layer->bias), summary->windows, layer->pre);
    kernels->forward[RB_MISH](B * conv->T_out * conv->out, layer->pre, layer->post);
    if (groups > 0) {
      rb_group_norm_forward(B, conv->T_out, conv->out, groups, layer->post,
                            rb_parameters_at(parameters, layer->gamma),
                            rb_parameters_at(parameters, layer->beta), layer->mean, layer->rstd,
                            layer->output);
    }
    x = layer->output;
  }
  return x;
}

static void forward(void *state, const rb_activation_kernel *kernels,
                    const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                    bool keep, rb_real *h) {
  rb_recurrent_summary *summary = state;
  const int H = summary->settings.recurrent_dim;
  const rb_real *features = run_convs(summary, kernels, parameters, B, !keep, x);
  rb_conv1d_forward(
      &summary->skip, B, !keep, features, rb_parameters_at(parameters, summary->skip_kernel),
      rb_parameters_at(parameters, summary->skip_bias), summary->windows, summary->skipped);
  memset(summary->hidden, 0, (size_t)B * (size_t)H * sizeof *summary->hidden);
  for (int i = 0; i < summary->nets; ++i) {
    const rb_summary_net *net = &summary->net[i];
    const double began = MPI_Wtime();
    rb_recurrent_forward(net->recurrent, B, net->skip ? summary->skipped : features,
                         use_masks ? net->mask : NULL, net->reverse, keep, summary->state);
    summary->recurrent_seconds += MPI_Wtime() - began;
    add_states(B, H, net->reverse, summary->state, summary->hidden);
  }
  rb_dense_forward(B, H, summary->settings.summary_dim, summary->hidden,
                   rb_parameters_at(parameters, summary->dense_kernel),
                   rb_parameters_at(parameters, summary->dense_bias), h);
}

static void nets_backward(rb_recurrent_summary *summary, const rb_parameters *parameters, int B,
                          bool use_masks, rb_real *gradient) {
  const int H = summary->settings.recurrent_dim;
  const rb_summary_conv *last = &summary->conv[summary->settings.conv_layers - 1];
  for (int i = 0; i < summary->nets; ++i) {
    const rb_summary_net *net = &summary->net[i];
    memset(summary->state, 0, (size_t)B * (size_t)H * sizeof *summary->state);
    add_states(B, H, net->reverse, summary->dhidden, summary->state);
    const double began = MPI_Wtime();
    rb_recurrent_backward(net->recurrent, B, net->skip ? summary->skipped : last->output,
                          use_masks ? net->mask : NULL, net->reverse, summary->state,
                          net->skip ? summary->dskipped : last->d,
                          gradient + parameters->tensor[net->kernel].offset,
                          gradient + parameters->tensor[net->recurrent_kernel].offset,
                          gradient + parameters->tensor[net->bias].offset);
    summary->recurrent_seconds += MPI_Wtime() - began;
  }
}

static void convs_backward(rb_recurrent_summary *summary, const rb_activation_kernel *kernels,
                           const rb_parameters *parameters, int B, const rb_real *x,
                           rb_real *gradient) {
  const int groups = summary->settings.groups;
  for (int i = summary->settings.conv_layers - 1; i >= 0; --i) {
    const rb_summary_conv *layer = &summary->conv[i];
    const rb_conv1d *conv = &layer->conv;
    if (groups > 0) {
      rb_group_norm_backward(B, conv->T_out, conv->out, groups, layer->post,
                             rb_parameters_at(parameters, layer->gamma), layer->mean, layer->rstd,
                             layer->d, gradient + parameters->tensor[layer->gamma].offset,
                             gradient + parameters->tensor[layer->beta].offset);
    }
    kernels->backward[RB_MISH](B * conv->T_out * conv->out, layer->pre, layer->d);
    rb_conv1d_backward(conv, B, i == 0 ? x : layer[-1].output,
                       rb_parameters_at(parameters, layer->kernel), layer->d, summary->windows,
                       i == 0 ? NULL : layer[-1].d,
                       gradient + parameters->tensor[layer->kernel].offset,
                       gradient + parameters->tensor[layer->bias].offset);
  }
}

static void backward(void *state, const rb_activation_kernel *kernels,
                     const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                     const rb_real *dh, rb_real *gradient) {
  rb_recurrent_summary *summary = state;
  const rb_summary_settings *s = &summary->settings;
  const rb_conv1d *skip = &summary->skip;
  const rb_summary_conv *last = &summary->conv[s->conv_layers - 1];
  for (int i = 0; i < s->conv_layers; ++i) {
    const rb_conv1d *conv = &summary->conv[i].conv;
    const int64_t count = B * conv->T_out * conv->out;
    memset(summary->conv[i].d, 0, (size_t)count * sizeof(rb_real));
  }
  memset(summary->dskipped, 0, (size_t)(B * skip->T_out * skip->out) * sizeof(rb_real));
  memset(summary->dhidden, 0, (size_t)B * (size_t)s->recurrent_dim * sizeof(rb_real));
  rb_dense_backward(B, s->recurrent_dim, s->summary_dim, summary->hidden,
                    rb_parameters_at(parameters, summary->dense_kernel), dh, summary->dhidden,
                    gradient + parameters->tensor[summary->dense_kernel].offset,
                    gradient + parameters->tensor[summary->dense_bias].offset);
  nets_backward(summary, parameters, B, use_masks, gradient);
  rb_conv1d_backward(skip, B, last->output, rb_parameters_at(parameters, summary->skip_kernel),
                     summary->dskipped, summary->windows, last->d,
                     gradient + parameters->tensor[summary->skip_kernel].offset,
                     gradient + parameters->tensor[summary->skip_bias].offset);
  convs_backward(summary, kernels, parameters, B, x, gradient);
}

static double recurrent_seconds(const void *state) {
  return ((const rb_recurrent_summary *)state)->recurrent_seconds;
}

#define ROW(name, kind)                                        \
  .path = "network.summary." #name, .type = RB_SETTING_##kind, \
  RB_SETTING_MEMBER(rb_summary_settings, name)
#define LIST(name, count) ROW(name, LIST), .length_offset = offsetof(rb_summary_settings, count)

static const rb_setting rows[] = {
    {LIST(filters, conv_layers), .standard = "[32]", .range = "[1, 4096]",
     .help = "channels of each convolution"},
    {LIST(kernel_sizes, kernel_size_count), .standard = "[3]", .range = "[1, 1024]",
     .help = "kernel size of each convolution, in samples"},
    {LIST(strides, stride_count), .standard = "[1]", .range = "[1, 1024]",
     .help = "stride of each convolution, in samples"},
    {ROW(groups, INTEGER), .standard = "0", .range = "[0, 4096]",
     .help = "groups of the group norm after each convolution; 0: no norm"},
    {ROW(recurrent_type, CHOICE), .standard = "\"gru\"", .choices = "gru|lstm",
     .help = "kind of the recurrent nets"},
    {ROW(recurrent_dim, INTEGER), .standard = "128", .range = "[1, 4096]",
     .help = "units of each recurrent net"},
    {ROW(bidirectional, BOOL), .standard = "true",
     .help = "recurrent nets in both directions of time"},
    {ROW(dropout, REAL), .standard = "0.05", .range = "[0, 1)",
     .help = "dropout on the inputs of the recurrent nets"},
    {ROW(skip_steps, INTEGER), .standard = "4", .range = "[1, 1024]",
     .help = "time steps the skip path takes at once"}};

const rb_summary_type rb_summary_recurrent = {.name = "recurrent",
                                              .series = true,
                                              .setting = rows,
                                              .settings = sizeof rows / sizeof *rows,
                                              .check = rb_recurrent_summary_check,
                                              .create = rb_recurrent_summary_create,
                                              .destroy = rb_recurrent_summary_destroy,
                                              .layout = rb_recurrent_summary_layout,
                                              .initialise = rb_recurrent_summary_initialise,
                                              .weights_changed = weights_changed,
                                              .draw_masks = draw_masks,
                                              .forward = forward,
                                              .backward = backward,
                                              .flops = rb_recurrent_summary_flops,
                                              .recurrent_seconds = recurrent_seconds};
