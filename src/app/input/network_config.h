#ifndef RB_APP_NETWORK_CONFIG_H
#define RB_APP_NETWORK_CONFIG_H

#include "rheobase/network/estimator.h"

/** @file network_config.h
 * The network's settings as reference files give them: the attribute `config`, a JSON object with
 * the flat objects "summary" and "flow". */

/** Fills @p settings (dropout 0). @param json text @param path of the file, for messages
 * Local. Fails with RB_ERR_FORMAT. */
RB_NODISCARD rb_status rb_network_config_parse(rb_context *ctx, const char *path, const char *json,
                                               rb_network_settings *settings);

#endif
