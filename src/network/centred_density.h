#ifndef RB_NETWORK_CENTRED_DENSITY_H
#define RB_NETWORK_CENTRED_DENSITY_H

#include "rheobase/network/density_type.h"

/** @file centred_density.h
 * What stands before the chosen density where `network.centring` is on. */

/** The density settings->density of parameters centred by the summary (centring.h). Its gradient
 * does not give that of theta. */
extern const rb_density_type rb_density_centred;

#endif
