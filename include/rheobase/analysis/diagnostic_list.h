/* The diagnostics, one line each, in the order they are computed and shown: RB_DIAGNOSTIC(name)
 * stands for rb_diagnostic_<name>. The regimes come first: the others look at them. */
RB_DIAGNOSTIC(regimes)
RB_DIAGNOSTIC(recovery)
RB_DIAGNOSTIC(coverage)
RB_DIAGNOSTIC(ranks)
RB_DIAGNOSTIC(loss)
RB_DIAGNOSTIC(outside)
