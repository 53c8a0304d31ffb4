#ifndef RHEOBASE_REAL_H
#define RHEOBASE_REAL_H

/** @file real.h
 * The number type of the network: float, or double in a build that proves the formulas. */
typedef RB_REAL rb_real;

#endif
