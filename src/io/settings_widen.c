#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "settings_internal.h"

/* A position in the text. */
typedef struct scanner {
  const char *at;
  char *out;
  int line;
} scanner;

static void take(scanner *s, size_t count) {
  for (size_t i = 0; i < count && *s->at != '\0'; ++i) {
    s->line += *s->at == '\n';
    *s->out++ = *s->at++;
  }
}

static void take_string(scanner *s) {
  take(s, 1);
  while (*s->at != '\0' && *s->at != '"') take(s, *s->at == '\\' ? 2 : 1);
  take(s, 1);
}

static void take_comment(scanner *s) {
  if (strncmp(s->at, "/*", 2) == 0) {
    const char *end = strstr(s->at + 2, "*/");
    take(s, end != NULL ? (size_t)(end + 2 - s->at) : strlen(s->at));
  } else {
    take(s, strcspn(s->at, "\n"));
  }
}

static bool is_name(char c) {
  return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '*';
}

// A word that begins with a digit, a sign or a point; widened if it is an integer.
static rb_status take_number(rb_context *ctx, const char *name, scanner *s) {
  const char *begin = s->at;
  const char *digits = begin + (*begin == '-' || *begin == '+');
  const bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
  const size_t length =
      hex ? 2 + strspn(digits + 2, "0123456789abcdefABCDEF") : strspn(digits, "0123456789");
  const char *end = digits + length;
  const bool integer = length > (hex ? 2 : 0) && *end != '.' && (hex || (*end | 32) != 'e');
  errno = 0;
  (void)strtoll(begin, NULL, hex ? 16 : 10);
  if (integer && errno == ERANGE) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "%s:%d: the integer %.40s is too large", name, s->line,
                   begin);
  }
  take(s, length > 0 ? (size_t)(end - begin) : 1);
  if (integer) {
    if (*s->at != 'L') *s->out++ = 'L';
    return RB_OK;
  }
  // The rest of a real number; its exponent may have a sign.
  while (isalnum((unsigned char)*s->at) || *s->at == '.' ||
         ((*s->at == '-' || *s->at == '+') && (s->at[-1] | 32) == 'e')) {
    take(s, 1);
  }
  return RB_OK;
}

rb_status rb_settings_widen(rb_context *ctx, const char *name, const char *text, char **widened) {
  rb_status status = RB_OK;
  char *copy = rb_allocate(ctx, 2 * (int64_t)strlen(text) + 1, 1);
  scanner s = {text, copy, 1};
  if (copy == NULL) RB_TRY(RB_ERR_MEMORY);
  while (*s.at != '\0') {
    if (*s.at == '"') {
      take_string(&s);
    } else if (*s.at == '#' || strncmp(s.at, "//", 2) == 0 || strncmp(s.at, "/*", 2) == 0) {
      take_comment(&s);
    } else if (*s.at == '@') {
      RB_TRY(
          RB_FAIL(ctx, RB_ERR_SETTING, "%s:%d: an input file cannot include others", name, s.line));
    } else if (isdigit((unsigned char)*s.at) || strchr("+-.", *s.at) != NULL) {
      RB_TRY(take_number(ctx, name, &s));
    } else if (*s.at == '[' || *s.at == ']') {
      // An array has numbers of one kind only; a list may have 0.5 and 4.
      *s.out++ = *s.at++ == '[' ? '(' : ')';
    } else if (is_name(*s.at)) {
      while (is_name(*s.at)) take(&s, 1);
    } else {
      take(&s, 1);
    }
  }
  *widened = copy;
  copy = NULL;
cleanup:
  free(copy);
  return status;
}
