#include "rheobase/io/unit.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { UNIT_SIZE = 64 };

/* Prefixes and names are either symbols, with case, or words, without; "sec" takes both kinds. */
typedef enum kind { SYMBOL = 1, WORD = 2, EITHER = 3 } kind;

typedef struct prefix {
  const char *text;
  kind kind;
  int exponent;
} prefix;

static const prefix prefixes[] = {
    {"", EITHER, 0},     {"f", SYMBOL, -15},       {"p", SYMBOL, -12},       {"n", SYMBOL, -9},
    {"u", SYMBOL, -6},   {"\xc2\xb5", SYMBOL, -6}, {"\xce\xbc", SYMBOL, -6}, {"\xb5", SYMBOL, -6},
    {"m", SYMBOL, -3},   {"k", SYMBOL, 3},         {"M", SYMBOL, 6},         {"femto", WORD, -15},
    {"pico", WORD, -12}, {"nano", WORD, -9},       {"micro", WORD, -6},      {"milli", WORD, -3},
    {"kilo", WORD, 3},   {"mega", WORD, 6}};

typedef struct name {
  const char *text;
  kind kind;
  char base;  // the symbol of what is measured
} name;

static const name names[] = {{"V", SYMBOL, 'V'},    {"volt", WORD, 'V'},    {"volts", WORD, 'V'},
                             {"A", SYMBOL, 'A'},    {"amp", WORD, 'A'},     {"amps", WORD, 'A'},
                             {"ampere", WORD, 'A'}, {"amperes", WORD, 'A'}, {"s", SYMBOL, 's'},
                             {"sec", EITHER, 's'},  {"secs", EITHER, 's'},  {"second", WORD, 's'},
                             {"seconds", WORD, 's'}};

static bool begins(const char *text, const prefix *p) {
  const size_t length = strlen(p->text);
  return p->kind == WORD ? strncasecmp(text, p->text, length) == 0
                         : strncmp(text, p->text, length) == 0;
}

static bool is_name(const char *text, const name *n) {
  return n->kind == SYMBOL ? strcmp(text, n->text) == 0 : strcasecmp(text, n->text) == 0;
}

/* Splits a unit into what it measures and its power of ten. */
static bool parse(const char *unit, char *base, int *exponent) {
  char text[UNIT_SIZE];
  while (isspace((unsigned char)*unit)) ++unit;
  if ((size_t)snprintf(text, sizeof text, "%s", unit) >= sizeof text) return false;
  char *since = strstr(text, " since ");  // of times, as xarray writes them
  if (since != NULL) *since = '\0';
  for (size_t n = strlen(text); n > 0 && isspace((unsigned char)text[n - 1]); --n) {
    text[n - 1] = '\0';
  }
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; ++i) {
    if (!begins(text, &prefixes[i])) continue;
    const char *rest = text + strlen(prefixes[i].text);
    for (size_t j = 0; j < sizeof names / sizeof *names; ++j) {
      if ((prefixes[i].kind & names[j].kind) == 0 || !is_name(rest, &names[j])) continue;
      *base = names[j].base;
      *exponent = prefixes[i].exponent;
      return true;
    }
  }
  return false;
}

bool rb_unit_exponent(const char *from, const char *to, int *exponent) {
  char base_from = 0, base_to = 0;
  int exponent_from = 0, exponent_to = 0;
  *exponent = 0;
  if (strcmp(from, to) == 0) return true;
  if (!parse(from, &base_from, &exponent_from) || !parse(to, &base_to, &exponent_to)) return false;
  *exponent = exponent_from - exponent_to;
  return base_from == base_to;
}

double rb_unit_scale(double x, int exponent) {
  return exponent >= 0 ? x * pow(10, exponent) : x / pow(10, -exponent);
}
