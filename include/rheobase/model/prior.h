#ifndef RHEOBASE_PRIOR_H
#define RHEOBASE_PRIOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rheobase/base/context.h"
#include "rheobase/base/quantity.h"
#include "rheobase/random/philox.h"

/** @file prior.h
 * The prior as a table: one row for each parameter of a simulator, from which follow draws,
 * densities, the support and coordinates that cover it. All functions are local.
 *
 * Numbers and bounds of a row may be expressions of other parameters, which have to be drawn
 * before. A row that is `fixed` is not inferred: D counts the others, in the table's order. A
 * clipped parameter is drawn, then moved into its range, which puts point masses on the ends:
 * `latent` is its value before, where the density is a plain one, and theta the value after. */

enum { RB_PRIOR_ROWS = 32, RB_PRIOR_TEXT = 128 };

/** A row as a user writes it; texts are numbers or expressions, "" where there is none. */
typedef struct rb_prior_row {
  char name[32], unit[RB_PRIOR_TEXT], description[128];
  char distribution[RB_PRIOR_TEXT];  ///< name of a family (family.h), whose arguments are among the
                                     ///< next
  char mean[RB_PRIOR_TEXT], sd[RB_PRIOR_TEXT], median[RB_PRIOR_TEXT], sd_log[RB_PRIOR_TEXT];
  char shape[RB_PRIOR_TEXT], scale[RB_PRIOR_TEXT], a[RB_PRIOR_TEXT], b[RB_PRIOR_TEXT];
  char df[RB_PRIOR_TEXT], location[RB_PRIOR_TEXT];
  char low[RB_PRIOR_TEXT], high[RB_PRIOR_TEXT];  ///< where it is truncated
  char clip[2][RB_PRIOR_TEXT];                   ///< both ends or none
  char fixed[RB_PRIOR_TEXT];                     ///< its value, in place of a distribution
} rb_prior_row;

/** One of the members of a row that hold numbers. */
typedef struct rb_prior_key {
  const char *name;  ///< as in an input file
  size_t offset;     ///< of the member
  int texts;         ///< 2 for `clip`, else 1
  const char *help;
} rb_prior_key;

/** The keys, in the order in which they are written; ended by one without a name. */
extern const rb_prior_key rb_prior_keys[];

/** The text of the number of that key, "" where there is none of that name; owned by the row. */
const char *rb_prior_argument(const rb_prior_row *row, const char *key);

typedef struct rb_prior rb_prior;

/** Compiles a table. @param row (rows), copied @param prior the caller calls rb_prior_destroy
 * Fails with RB_ERR_SETTING in a sentence that names the row ("prior.mass: ..."): an unknown
 * family or name, a missing or superfluous number, a circle, a bound that leaves nothing (looked
 * for in draws, where it depends on other parameters), nothing left to infer. */
RB_NODISCARD rb_status rb_prior_create(rb_context *ctx, int rows, const rb_prior_row *row,
                                       rb_prior **prior);
void rb_prior_destroy(rb_prior *prior);

/** D, the number of parameters that are inferred. */
int rb_prior_dim(const rb_prior *prior);

/** (D) their names and units; owned by the prior. */
const rb_quantity *rb_prior_parameters(const rb_prior *prior);

/** (D) standard deviations of theta, from draws with a seed of their own; owned by the prior. */
const double *rb_prior_sd(const rb_prior *prior);

/** Number of rows: parameters of the simulator. */
int rb_prior_rows(const rb_prior *prior);

/** (rows) names and units of all, also of the fixed ones; owned by the prior. */
const rb_quantity *rb_prior_all(const rb_prior *prior);

/** Whether a row is fixed at a number that depends on no other parameter. @param value that number
 */
bool rb_prior_is_fixed(const rb_prior *prior, int row, double *value);

/** Adds the fixed parameters. @param theta (count, D) @param all (count, rows) */
void rb_prior_complete(const rb_prior *prior, int64_t count, const double *theta, double *all);
/** The same, allocated. Fails with RB_ERR_MEMORY. @param all the caller frees it, also after a
 * failure */
RB_NODISCARD rb_status rb_prior_complete_new(rb_context *ctx, const rb_prior *prior, int64_t count,
                                             const double *theta, double **all);

/** Draws items first .. first+count-1 of a purpose by inverse distribution functions, from one
 * uniform number a row, whose index in the stream is the row's place.
 * @param theta (count, D) @param latent (count, D), may be NULL or theta
 * Fails with RB_ERR_NUMERIC where a row's numbers make no distribution, given its parents. */
RB_NODISCARD rb_status rb_prior_draw(rb_context *ctx, const rb_prior *prior, uint64_t seed,
                                     rb_purpose purpose, int64_t first, int64_t count,
                                     double *theta, double *latent);

/** Log density in latent coordinates, all constants included; -inf outside the support.
 * @param latent (count, D) @param log_density (count) */
void rb_prior_log_density(const rb_prior *prior, int64_t count, const double *latent,
                          double *log_density);

/** Bit d is set if parameter d lies outside its range, given the others; ends belong to it.
 * @param theta (D) */
uint32_t rb_prior_outside(const rb_prior *prior, const double *theta);

/** Clips. Works in place. @param latent (count, D) @param theta (count, D) */
void rb_prior_from_latent(const rb_prior *prior, int64_t count, const double *latent,
                          double *theta);

/** Coordinates phi of the latent values, to and from; both work in place.
 * @param latent (count, D) @param phi (count, D)
 * @param log_det (count) log |d latent / d phi|; may be NULL */
typedef struct rb_prior_coordinates {
  void (*to)(const rb_prior *prior, int64_t count, const double *latent, double *phi,
             double *log_det);
  void (*from)(const rb_prior *prior, int64_t count, const double *phi, double *latent,
               double *log_det);
} rb_prior_coordinates;

/** Phi in R^D covers the inside of the support: the logit of a parameter's share of its interval,
 * the logarithm of its distance from its one bound, or itself where it has none. */
extern const rb_prior_coordinates rb_prior_support;

/** The same, but with the probit of the share of an interval with both ends: a uniform parameter
 * then is a standard normal one, and a density that ends at a wall has the tail of a normal one. */
extern const rb_prior_coordinates rb_prior_probit;

/** The same, but with 100 (m - 1/2) + logit(s) of a share s, where m is the share of the interval
 * that the parents' medians give: nearly straight inside an interval, so that what moves with the
 * data there does so in the coordinate, too, and the same for all values of the parents. */
extern const rb_prior_coordinates rb_prior_straight;

/** The logarithms of parameters whose family has values above 0 alone, and the others as they are.
 * Nothing bends near a bound, as it does in coordinates of the support, but a point may lie outside
 * of that. */
extern const rb_prior_coordinates rb_prior_log;

#endif
