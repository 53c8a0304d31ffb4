#include <string.h>

#include "lif_state.h"

/* Euler steps in the notebook's order of operations; nothing may be fused or rearranged. */
void rb_lif_run(const rb_lif_settings *settings, const double *theta, const double *current_pA,
                double *v_mV, uint8_t *spikes) {
  const int64_t length = rb_lif_steps(settings);
  const double V_th = theta[RB_LIF_V_TH], V_reset = theta[RB_LIF_V_RESET];
  const double tau_m = theta[RB_LIF_TAU_M], g_L = theta[RB_LIF_G_L], E_L = theta[RB_LIF_E_L];
  const double dt = settings->dt_ms;
  double refractory_steps = 0;
  memset(spikes, 0, (size_t)length);
  v_mV[0] = theta[RB_LIF_V_INIT];
  for (int64_t it = 0; it < length - 1; ++it) {
    if (refractory_steps > 0) {
      v_mV[it] = V_reset;
      refractory_steps -= 1;
    } else if (v_mV[it] >= V_th) {
      spikes[rb_lif_spike_index(settings, it)] = 1;
      v_mV[it] = V_reset;
      refractory_steps = settings->tref_ms / dt;
    }
    const double dv = (-(v_mV[it] - E_L) + current_pA[it] / g_L) * (dt / tau_m);
    const double moved = v_mV[it] + dv, above = moved < -100 ? -100 : moved;
    v_mV[it + 1] = above > 100 ? 100 : above;
  }
}
