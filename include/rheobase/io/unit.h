#ifndef RHEOBASE_UNIT_H
#define RHEOBASE_UNIT_H

#include <stdbool.h>

/** @file unit.h
 * Units of potentials (V), currents (A) and times (s), with their prefixes, as symbols or words:
 * "kV", "kilovolts", "us", "microseconds since 2020-01-01". All functions are local. */

/** Whether numbers in unit @p from can be given in unit @p to; those are 10^*exponent times as
 * large. */
bool rb_unit_exponent(const char *from, const char *to, int *exponent);

/** x * 10^exponent, rounded once for the powers of ten that are whole numbers. */
double rb_unit_scale(double x, int exponent);

#endif
