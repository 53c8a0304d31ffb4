#include "figures.h"

#define RB_FIGURE(name) &rb_figure_##name,
const rb_figure *const rb_figures[RB_FIGURES] = {
#include "figure_list.h"
};
#undef RB_FIGURE
