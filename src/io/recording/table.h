#ifndef RB_IO_RECORDING_TABLE_H
#define RB_IO_RECORDING_TABLE_H

#include "formats.h"

/* What tables of samples have in common, as text or in HDF5. Local. */

/* A column by its name, whose unit is a part of it: "time_ms", "Vm (mV)", "I/nA", "current [pA]".
 * A name without a unit makes one without. */
void rb_offer_named(const char *name, rb_offer *offer);

/* Whether it counts samples: it is called sample or index. */
bool rb_offer_is_sample(const rb_offer *offer);

/* What the user says of columns. */
enum { RB_MAX_NAMED = 64 };
typedef struct rb_named_columns {
  int count;
  bool by_name;  // "voltage_mV=Vm": of the column called Vm; else in the file's order
  struct {
    rb_offer offer;
    char stored[RB_RECORDING_TEXT];  // what it is called in the file
  } column[RB_MAX_NAMED];
} rb_named_columns;

/* Parses --columns. Fails with RB_ERR_USAGE. */
RB_NODISCARD rb_status rb_named_columns_parse(rb_context *ctx, const char *list,
                                              rb_named_columns *named);

/* Times that should be even. */
typedef struct rb_times {
  int64_t samples;
  const double *time_ms;
  double rounding_ms;  // how far first and last time together may be rounded
  double share;        // of a step, by which times may be off
  bool single;         // may have been float32 once
} rb_times;

/* The distance of even times: the number with the fewest digits that rounding allows, if times are
 * even then, else as it is; that of float32 only to a number of four digits, as intervals are. */
RB_NODISCARD rb_status rb_even_times(rb_reading *reading, const char *name, const rb_times *times,
                                     double *interval_ms, double *start_ms);

/* A table that was read. */
typedef struct rb_table_sweep {
  const char *kind;
  int64_t samples;
  const double *time_ms;  // NULL: there is none
  const double *number;   // numbers of the samples; NULL: there are none
  double rounding_ms;     // how far first and last time together may be rounded
  bool single;            // the times may have been float32 once
  double start_ms;        // where there are no times
  double **value[2];      // potential (mV), current (pA), owned; taken over; NULL: is not there
  const char *remark[3];  // what is to be said of times, potential and current; "": nothing
} rb_table_sweep;

/* Adds a table as a sweep. Its times have to be even. */
RB_NODISCARD rb_status rb_table_add(rb_reading *reading, const rb_table_sweep *table);

#endif
