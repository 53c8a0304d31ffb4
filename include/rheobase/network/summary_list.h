/* The summary networks, one line each: RB_SUMMARY(name) stands for rb_summary_<name>, which
 * `network.summary.type = "name"` chooses. */
RB_SUMMARY(recurrent)
RB_SUMMARY(expert)
RB_SUMMARY(both)
RB_SUMMARY(mlp)
RB_SUMMARY(set)
RB_SUMMARY(statistics)
