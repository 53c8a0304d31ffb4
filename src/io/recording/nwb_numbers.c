#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nwb.h"
#include "rheobase/base/memory.h"

/* Pairs of responses and stimuli that share a number; their order in the file tells nothing. */

static int compare_numbers(const void *a, const void *b) {
  const rb_nwb_numbered *x = a, *y = b;
  if (x->number != y->number) return x->number < y->number ? -1 : 1;
  return x->place < y->place ? -1 : x->place > y->place;
}

static bool is_known(const rb_nwb_place *place) { return place->address != 0; }

static bool same_place(const rb_nwb_place *a, const rb_nwb_place *b) {
  return a->device == b->device && a->inode == b->inode && a->address == b->address;
}

/* Series of a kind, of one electrode. @param electrode NULL: of any */
static int64_t count_series(int64_t count, const rb_nwb_numbered *series, bool response,
                            const rb_nwb_place *electrode) {
  int64_t found = 0;
  for (int64_t k = 0; k < count; ++k) {
    found += series[k].response == response &&
             (electrode == NULL || same_place(&series[k].electrode, electrode));
  }
  return found;
}

/* Whether two series are the only ones of their number, and may be of one electrode. */
static bool are_alone(int64_t count, const rb_nwb_numbered *series) {
  if (count != 2 || series[0].response == series[1].response) return false;
  const rb_nwb_place *a = &series[0].electrode, *b = &series[1].electrode;
  return !is_known(a) || !is_known(b) || same_place(a, b);
}

/* The stimulus of a response among the series of its number; NULL: there is none, or `lacks` says
 * why it is not known. */
static const rb_nwb_numbered *find_stimulus(int64_t count, const rb_nwb_numbered *series,
                                            const rb_nwb_numbered *response, char *lacks) {
  static const rb_nwb_place none = {0};
  const rb_nwb_place *electrode = &response->electrode;
  const int64_t stimuli = count_series(count, series, false, NULL);
  const bool alone = are_alone(count, series);
  const bool told = is_known(electrode) && count_series(count, series, true, electrode) == 1 &&
                    count_series(count, series, false, electrode) <= 1 &&
                    count_series(count, series, false, &none) == 0;
  const char *which = response->number < 0 ? "without a number" : "of its number";
  if (stimuli > 0 && !alone && !told) {
    (void)snprintf(lacks, 2 * RB_RECORDING_TEXT,
                   "nothing tells which of %lld stimuli %s belongs to which of %lld responses",
                   (long long)stimuli, which, (long long)(count - stimuli));
    return NULL;
  }
  for (int64_t k = 0; k < count; ++k) {
    if (series[k].response) continue;
    if (alone || same_place(&series[k].electrode, electrode)) return &series[k];
  }
  if (stimuli > 0) {
    (void)snprintf(lacks, 2 * RB_RECORDING_TEXT,
                   "the file has no stimulus for %s: those %s are of other electrodes",
                   response->path, which);
  }
  return NULL;
}

/* Adds the responses of a number. */
static void add_pairs(const rb_nwb_numbers *list, int64_t count, const rb_nwb_numbered *series,
                      rb_nwb_pairs *pairs) {
  static const char *const only =
      "nothing tells which stimulus belongs to which response: the only ones were paired";
  for (int64_t k = 0; k < count; ++k) {
    if (!series[k].response) continue;
    rb_nwb_pair *pair = &pairs->pair[pairs->count++];
    *pair = (rb_nwb_pair){.response = {.count = -1}, .stimulus = {.count = -1}};
    memcpy(pair->response.path, series[k].path, RB_NWB_PATH);
    const rb_nwb_numbered *stimulus = find_stimulus(count, series, &series[k], pair->lacks);
    if (stimulus != NULL) {
      memcpy(pair->stimulus.path, stimulus->path, RB_NWB_PATH);
      pair->remark = list->remark != NULL && series[k].number < 0 ? only : list->remark;
    }
  }
}

rb_status rb_nwb_pair_numbers(rb_reading *r, rb_nwb_numbers *list, rb_nwb_pairs *pairs) {
  const rb_status status = RB_ALLOCATE(r->ctx, pairs->pair, list->count);
  if (status != RB_OK) return status;
  rb_nwb_numbered *series = list->series;
  if (list->count > 0) qsort(series, (size_t)list->count, sizeof *series, compare_numbers);
  for (int64_t begin = 0, end = 0; begin < list->count; begin = end) {
    while (end < list->count && series[end].number == series[begin].number) ++end;
    add_pairs(list, end - begin, series + begin, pairs);
  }
  return RB_OK;
}
