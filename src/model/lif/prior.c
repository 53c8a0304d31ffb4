#include "prior.h"

#include "lif.h"

#define QUOTE(number) #number
#define TEXT(number) QUOTE(number)

const rb_prior_row rb_lif_prior[RB_LIF_DIM] = {
    [RB_LIF_V_TH] = {.name = "V_th",
                     .unit = "mV",
                     .description = "spike threshold",
                     .distribution = "normal",
                     .mean = "-55",
                     .sd = "2",
                     .low = TEXT(RB_LIF_V_TH_LOW),
                     .high = TEXT(RB_LIF_V_TH_HIGH)},
    [RB_LIF_TAU_M] = {.name = "tau_m",
                      .unit = "ms",
                      .description = "membrane time constant",
                      .distribution = "lognormal",
                      .median = TEXT(RB_LIF_MEDIAN),
                      .sd_log = TEXT(RB_LIF_SD_LOG),
                      .clip = {"5", "20"}},
    [RB_LIF_G_L] = {.name = "g_L",
                    .unit = "nS",
                    .description = "leak conductance",
                    .distribution = "lognormal",
                    .median = TEXT(RB_LIF_MEDIAN),
                    .sd_log = TEXT(RB_LIF_SD_LOG),
                    .clip = {"5", "15"}},
    [RB_LIF_V_RESET] = {.name = "V_reset",
                        .unit = "mV",
                        .description = "reset potential",
                        .distribution = "normal",
                        .mean = "-72",
                        .sd = "2",
                        .low = TEXT(RB_LIF_V_RESET_LOW),
                        .high = "min(V_init - " TEXT(RB_LIF_SMALLEST_GAP) ", " TEXT(
                            RB_LIF_RESET_HIGH) ")"},
    [RB_LIF_V_INIT] = {.name = "V_init",
                       .unit = "mV",
                       .description = "initial potential",
                       .distribution = "normal",
                       .mean = "-70",
                       .sd = "2",
                       .low = TEXT(RB_LIF_V_INIT_LOW),
                       .high =
                           "min(E_L - " TEXT(RB_LIF_SMALLEST_GAP) ", " TEXT(RB_LIF_RESET_HIGH) ")"},
    [RB_LIF_E_L] = {.name = "E_L",
                    .unit = "mV",
                    .description = "leak reversal potential",
                    .distribution = "normal",
                    .mean = TEXT(RB_LIF_E_L_MEAN),
                    .sd = "2",
                    .low = TEXT(RB_LIF_E_L_LOW),
                    .high = TEXT(RB_LIF_E_L_HIGH)}};
