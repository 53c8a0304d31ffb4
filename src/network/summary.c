#include "summary.h"

#include <string.h>

#include "dense.h"
#include "dropout.h"
#include "group_norm.h"

void rb_summary_weights_changed(rb_summary *summary, const rb_parameters *parameters) {
  for (int i = 0; i < summary->nets; ++i) {
    const rb_summary_net *net = &summary->net[i];
    rb_recurrent_set_weights(net->recurrent, rb_parameters_at(parameters, net->kernel),
                             rb_parameters_at(parameters, net->recurrent_kernel),
                             rb_parameters_at(parameters, net->bias));
  }
}

void rb_summary_draw_masks(rb_summary *summary, rb_isa isa, const rb_dropout_source *source,
                           uint32_t *position, int B) {
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

static const rb_real *run_convs(rb_summary *summary, const rb_activation_kernel *kernels,
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

void rb_summary_forward(rb_summary *summary, const rb_activation_kernel *kernels,
                        const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                        bool keep, rb_real *h) {
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

static void nets_backward(rb_summary *summary, const rb_parameters *parameters, int B,
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

static void convs_backward(rb_summary *summary, const rb_activation_kernel *kernels,
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

void rb_summary_backward(rb_summary *summary, const rb_activation_kernel *kernels,
                         const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                         const rb_real *dh, rb_real *gradient) {
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
