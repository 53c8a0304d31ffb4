#include "script.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* Numbers without the blank that stands for a plus sign: it would move them aside. */
#define AXES                                           \
  "set format '%h'\n"                                  \
  "set border 3 lc rgb '#444444'\n"                    \
  "set tics nomirror out scale 0.6 tc rgb black\n"     \
  "set xlabel offset 0,0.3; set ylabel offset 0.3,0\n" \
  "set grid back lc rgb '#E8E8E8' lt 1 lw 0.6\n"

void rb_script_head(FILE *out, const rb_figure *f) {
  (void)fprintf(out,
                "# %s. Draw it again with: gnuplot %s.gp\n"
                "# or, as a drawing without pixels: gnuplot -e \"format='svg'\" %s.gp (or pdf)\n"
                "if (!exists('format')) format = 'png'\n"
                "if (!exists('target')) target = '%s.'.format\n"
                "set encoding utf8\n",
                f->title, f->name, f->name, f->name);
  (void)fprintf(out,
                "if (format eq 'png') set terminal pngcairo enhanced size %d,%d font 'Sans,16'\n"
                "if (format eq 'svg') set terminal svg enhanced size %d,%d font 'Sans,16' "
                "background 'white'\n"
                "if (format eq 'pdf') set terminal pdfcairo enhanced size %.3fin,%.3fin "
                "font 'Sans,16' fontscale 1\n"
                "set output target\n",
                f->width, f->height, f->width, f->height, f->width / 72.0, f->height / 72.0);
  (void)fputs(
      "blue = '#0072B2'; vermilion = '#D55E00'; green = '#009E73'; orange = '#E69F00'\n"
      "sky = '#56B4E9'; purple = '#CC79A7'; black = '#000000'; grey = '#777777'\n"
      "faint_blue = '#A00072B2'; faint_orange = '#A0E69F00'; band = '#D9D9D9'\n" AXES
      "set style fill solid 1.0 noborder\n"
      "set key noautotitle samplen 1.6 spacing 1.1\n",
      out);
}

/* Room around panels, in pixels. */
enum { LEFT = 124, RIGHT = 22, TOP = 128, BOTTOM = 80, BETWEEN_COLUMNS = 128, BETWEEN_ROWS = 122 };
enum { TITLE_AT = 28, LEGEND_AT = 50 };

static int panels_of(const rb_figure *f, const rb_model *model) {
  int channels = 0;
  switch (f->of) {
    case RB_PANELS_FIXED:
      return 0;
    case RB_PANELS_PARAMETERS:
      return model->dim;
    case RB_PANELS_CHANNELS:
      for (int c = 0; c < model->channels; ++c)
        channels += rb_channel_is_course(&model->channel[c]);
      return channels;
    case RB_PANELS_STATISTICS:
      return model->summaries;
  }
  return 0;
}

rb_figure rb_figure_for(const rb_figure *figure, const rb_model *model) {
  rb_figure f = *figure;
  const int panels = panels_of(figure, model);
  if (panels == 0) return f;
  if (panels < f.columns) f.columns = panels;
  f.rows = (panels + f.columns - 1) / f.columns;
  const int room = TOP + BOTTOM - BETWEEN_ROWS;  // beside the rows, each with what is between them
  f.height = room + (figure->height - room) * f.rows / figure->rows;
  return f;
}

void rb_script_panels(FILE *out, const rb_figure *f, const char *title, const char *legend) {
  (void)fprintf(out,
                "$outside << EOD\n-9 -9 -9 -9 -9 -9\nEOD\n"
                "set multiplot\n"
                "# title and legend\n"
                "set label 1 '%s' at screen 0.5,%.4f center font ',20'\n"
                "set lmargin at screen 0; set rmargin at screen 1\n"
                "set bmargin at screen 0; set tmargin at screen 1\n"
                "unset border; unset tics; unset grid; set xrange [0:1]; set yrange [0:1]\n"
                "set key at screen 0.5,%.4f center top horizontal Left reverse\n"
                "plot %s\n"
                "unset label 1; unset key; set autoscale\n",
                title, 1 - (double)TITLE_AT / f->height, 1 - (double)LEGEND_AT / f->height, legend);
  (void)fputs(AXES, out);
}

void rb_script_panel(FILE *out, const rb_figure *f, int rows, int columns, int index) {
  const int row = index / columns, column = index % columns;
  const double width =
      (double)(f->width - LEFT - RIGHT - (columns - 1) * BETWEEN_COLUMNS) / columns;
  const double height = (double)(f->height - TOP - BOTTOM - (rows - 1) * BETWEEN_ROWS) / rows;
  const double left = LEFT + column * (width + BETWEEN_COLUMNS);
  const double top = TOP + row * (height + BETWEEN_ROWS);
  (void)fprintf(out,
                "\n# panel %d\nset lmargin at screen %.4f; set rmargin at screen %.4f\n"
                "set tmargin at screen %.4f; set bmargin at screen %.4f\n",
                index + 1, left / f->width, (left + width) / f->width, 1 - top / f->height,
                1 - (top + height) / f->height);
}

void rb_script_single(FILE *out, const rb_figure *f, const char *title) {
  (void)fprintf(out,
                "set label 1 '%s' at screen 0.5,%.4f center font ',20'\n"
                "set tmargin at screen %.4f\nset lmargin at screen %.4f\n"
                "set rmargin at screen %.4f\n"
                "set key at screen 0.5,%.4f center top horizontal Left reverse\n",
                title, 1 - (double)TITLE_AT / f->height, 1 - (double)(TOP - 10) / f->height,
                (double)LEFT / f->width, 1 - (double)RIGHT / f->width,
                1 - (double)LEGEND_AT / f->height);
}

/* The round number (1, 2 or 5 times a power of ten) that cuts a range into about `count` pieces. */
static double round_step(double low, double high, int count) {
  const double wanted = (high > low ? high - low : 1) / count;
  const double unit = pow(10, floor(log10(wanted)));
  const double ratio = wanted / unit;
  return unit * (ratio > 7 ? 10 : ratio > 3.5 ? 5 : ratio > 1.5 ? 2 : 1);
}

/* gnuplot draws nothing over an empty range, and six digits are written of each end. */
static void widen(double *low, double *high) {
  const double least = 4e-4 * fmax(fmax(fabs(*low), fabs(*high)), 1e-4);
  const double lacking = least - (*high - *low);
  if (!(lacking > 0)) return;
  *low -= lacking / 2;
  *high += lacking / 2;
}

void rb_script_range(FILE *out, const char *axis, double low, double high, int count) {
  widen(&low, &high);
  (void)fprintf(out, "set %srange [%.6g:%.6g]\nset %stics nomirror %.6g\n", axis, low, high, axis,
                round_step(low, high, count));
}

void rb_script_samples(FILE *out, int64_t L, const double *axis, double step, int count) {
  const double room = L > 1 ? 0 : step, first = axis[0] - room, last = axis[L - 1] + room;
  const bool wide = !(last < 2e3);  // labels that must not end beyond the figure
  rb_script_range(out, "x", first, last, wide ? count / 2 : count);
  if (!wide) return;
  const double between = round_step(first, last, count / 2);
  const double end = floor((last - 0.09 * (last - first)) / between) * between;
  (void)fprintf(out, "set xtics nomirror %.6g,%.6g,%.6g\n", ceil(first / between) * between,
                between, end + 0.01 * between);
}

void rb_script_inner_tics(FILE *out, const char *axis, double low, double high, int count) {
  widen(&low, &high);
  const double step = round_step(low, high, count), margin = 0.09 * (high - low);
  const double first = ceil((low + margin) / step) * step;
  const double last = floor((high - margin) / step) * step;
  (void)fprintf(out, "set %srange [%.6g:%.6g]\nset %stics nomirror %.6g,%.6g,%.6g\n", axis, low,
                high, axis, first, step, last + 0.01 * step);
}

void rb_script_text(FILE *out, const char *text) {
  (void)fputc('\'', out);
  for (; *text != '\0'; ++text) {
    if (*text == '\'') {
      (void)fputs("''", out);
    } else if (strchr("{}^_@&~\\", *text) != NULL) {
      (void)fprintf(out, "\\%c", *text);  // marks up text in enhanced mode
    } else if ((unsigned char)*text >= ' ') {
      (void)fputc(*text, out);
    }
  }
  (void)fputc('\'', out);
}

/* Copies letters and digits; an underscore becomes a blank, others are left out. */
static void copy_plain(const char *from, size_t length, char *to, size_t size) {
  size_t used = 0;
  for (size_t i = 0; i < length && from[i] != '\0' && used + 1 < size; ++i) {
    if (isalnum((unsigned char)from[i])) to[used++] = from[i];
    if (from[i] == '_') to[used++] = ' ';
  }
  to[used] = '\0';
}

void rb_script_words(const char *name, char *label) {
  copy_plain(name, strlen(name), label, RB_LABEL);
}

/* Names of Greek letters that stand for these. */
static const char *const greek[][2] = {
    {"alpha", "α"}, {"beta", "β"},  {"gamma", "γ"},  {"Delta", "Δ"}, {"delta", "δ"},
    {"eta", "η"},   {"theta", "θ"}, {"lambda", "λ"}, {"mu", "μ"},    {"rho", "ρ"},
    {"sigma", "σ"}, {"tau", "τ"},   {"phi", "φ"},    {"omega", "ω"}};

/* The letter a text begins with, if nothing but digits follows. @param digits out: where they begin
 */
static const char *greek_letter(const char *text, const char **digits) {
  for (size_t i = 0; i < sizeof greek / sizeof *greek; ++i) {
    const size_t length = strlen(greek[i][0]);
    *digits = text + length;
    if (strncmp(text, greek[i][0], length) == 0 &&
        strspn(*digits, "0123456789") == strlen(*digits)) {
      return greek[i][1];
    }
  }
  return NULL;
}

void rb_script_symbol(const char *name, char *label) {
  char symbol[48], words[48], index[112];
  const char *underscore = strchr(name, '_'), *digits = "", *more = "";
  const size_t length = underscore != NULL ? (size_t)(underscore - name) : strlen(name);
  copy_plain(name, length, symbol, sizeof symbol);
  const char *letter = greek_letter(symbol, &digits);
  if (letter == NULL && (underscore == NULL || length > 3)) {
    rb_script_words(name, label);
    return;
  }
  copy_plain(underscore != NULL ? underscore + 1 : "", strlen(name), words, sizeof words);
  const char *second = greek_letter(words, &more);
  (void)snprintf(index, sizeof index, "%s%s%s%s", letter != NULL ? digits : "",
                 letter != NULL && *digits != '\0' && *words != '\0' ? " " : "",
                 second != NULL ? second : words, second != NULL ? more : "");
  (void)snprintf(label, RB_LABEL, *index != '\0' ? "{/:Italic %s}_{%s}" : "{/:Italic %s}",
                 letter != NULL ? letter : symbol, index);
}

enum { UNIT = 32 };

/* A unit as gnuplot text: what enhanced mode gives another meaning is left out, but for a power;
 * bytes of UTF-8 stay. */
static void copy_unit(const char *from, char to[UNIT]) {
  size_t used = 0;
  for (; *from != '\0' && used + 1 < UNIT; ++from) {
    const unsigned char c = (unsigned char)*from;
    if (isalnum(c) || c >= 0x80 || strchr(" /.*-^()%", c) != NULL) to[used++] = *from;
  }
  to[used] = '\0';
}

void rb_script_axis(const rb_quantity *quantity, char *label) {
  char symbol[RB_LABEL], unit[UNIT];
  rb_script_symbol(quantity->name, symbol);
  copy_unit(quantity->unit, unit);
  if (strcmp(unit, "1") == 0) {
    (void)snprintf(label, RB_LABEL, "%.110s", symbol);
  } else {
    (void)snprintf(label, RB_LABEL, "%.110s (%s)", symbol, unit);
  }
}

void rb_script_density_axis(const rb_quantity *quantity, char *label) {
  char unit[UNIT];
  copy_unit(quantity->unit, unit);
  const bool composed = strpbrk(unit, "/* ") != NULL;
  if (strcmp(unit, "1") == 0) {
    (void)snprintf(label, RB_LABEL, "density");
  } else {
    (void)snprintf(label, RB_LABEL, composed ? "density (1/(%s))" : "density (1/%s)", unit);
  }
}

int rb_script_bin(double place, int bins) {
  if (!(place > 0)) return 0;
  return place < bins ? (int)place : bins - 1;
}

void rb_script_scale(const rb_quantity *axis, char *label) {
  char name[RB_LABEL], words[RB_LABEL];
  (void)snprintf(name, sizeof name, "%s", axis->name);
  const size_t unit = strlen(axis->unit), length = strlen(name);
  const bool suffix = length > unit + 1 && name[length - unit - 1] == '_' &&
                      strcmp(name + length - unit, axis->unit) == 0;
  if (suffix) name[length - unit - 1] = '\0';
  rb_script_words(name, words);
  (void)snprintf(label, RB_LABEL, "%.100s (%.40s)", words, axis->unit);
}

void rb_script_data(FILE *out, const char *name, int index) {
  if (index >= 0) {
    (void)fprintf(out, "$%s%d << EOD\n", name, index);
  } else {
    (void)fprintf(out, "$%s << EOD\n", name);
  }
}

void rb_script_row(FILE *out, int count, const double *values) {
  for (int i = 0; i < count; ++i) {
    if (isfinite(values[i])) {
      (void)fprintf(out, i > 0 ? " %.6g" : "%.6g", values[i]);
    } else {
      (void)fputs(i > 0 ? " NaN" : "NaN", out);
    }
  }
  (void)fputc('\n', out);
}

void rb_script_end(FILE *out) { (void)fputs("EOD\n", out); }

int64_t rb_script_stretch(int64_t samples) {
  enum { STRETCHES = 1400 };
  return samples > 2 * STRETCHES ? samples / STRETCHES : 1;
}

void rb_script_trace(FILE *out, const char *name, int index, int64_t samples, double first,
                     double step, const double *value) {
  const int64_t stretch = rb_script_stretch(samples);
  rb_script_data(out, name, index);
  for (int64_t n = 0; n < samples; n += stretch) {
    int64_t least = n, most = n;
    for (int64_t k = n; k < n + stretch && k < samples; ++k) {
      if (isnan(value[least]) || value[k] < value[least]) least = k;
      if (isnan(value[most]) || value[k] > value[most]) most = k;
    }
    const int64_t earlier = least < most ? least : most, later = least < most ? most : least;
    rb_script_row(out, 2, (const double[]){first + (double)earlier * step, value[earlier]});
    if (later == earlier) continue;
    rb_script_row(out, 2, (const double[]){first + (double)later * step, value[later]});
  }
  rb_script_end(out);
}

void rb_script_curve(FILE *out, const char *name, int index, int64_t count, const double *x,
                     const double *y) {
  rb_script_data(out, name, index);
  for (int64_t i = 0; i < count; ++i) rb_script_row(out, 2, (const double[]){x[i], y[i]});
  rb_script_end(out);
}
