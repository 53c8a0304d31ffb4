#include "command.h"

#include <stdio.h>
#include <string.h>

static const char ENDS[] = ";|&()`\n";   // of a command
static const char BETWEEN[] = " \t=<>";  // words

rb_command_words rb_command_words_of(const char *command, const char *folder) {
  rb_command_words words = {.at = command, .begins = true};
  (void)snprintf(words.folder, sizeof words.folder, "%s", folder);
  return words;
}

/* Passes over what stands between words. */
static void skip(rb_command_words *w) {
  for (; *w->at != '\0'; ++w->at) {
    if (*w->at == '>') {
      w->to_output = true;
    } else if (strchr(ENDS, *w->at) != NULL) {
      if (w->to_output && (*w->at == '&' || *w->at == '|')) continue;  // >&2, >|file
      if (*w->at == '(') memcpy(w->outer, w->folder, sizeof w->outer);
      if (*w->at == ')') memcpy(w->folder, w->outer, sizeof w->folder);
      w->begins = true;
      w->to_folder = w->writes = w->to_output = false;
    } else if (strchr(BETWEEN, *w->at) == NULL) {
      return;
    }
  }
}

/* Copies the word that begins here, without its quotes. */
static void take(rb_command_words *w) {
  size_t length = 0;
  char quote = '\0';
  for (; *w->at != '\0'; ++w->at) {
    const char c = *w->at;
    if (quote == '\0' && (strchr(ENDS, c) != NULL || strchr(BETWEEN, c) != NULL)) break;
    if (c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else {
      const bool escape = c == '\\' && quote != '\'' && w->at[1] != '\0';
      if (escape) ++w->at;
      if (length + 1 < sizeof w->word) w->word[length++] = *w->at;
    }
  }
  w->word[length] = '\0';
}

/* The word in its folder. */
static void place(const rb_command_words *w, char *path) {
  const bool inside = w->folder[0] != '\0' && w->word[0] != '/';
  (void)snprintf(path, RB_COMMAND_PATH, "%s%s%s", inside ? w->folder : "", inside ? "/" : "",
                 w->word);
}

bool rb_command_next(rb_command_words *w, char *path) {
  for (skip(w); *w->at != '\0'; skip(w)) {
    const bool first = w->begins, folder = w->to_folder, written = w->writes || w->to_output;
    take(w);
    place(w, path);
    w->begins = w->to_folder = w->to_output = false;
    if (first) {
      w->to_folder = strcmp(w->word, "cd") == 0;
      w->writes = strcmp(w->word, "tee") == 0;
    }
    if (folder) {
      (void)snprintf(w->folder, sizeof w->folder, "%.*s", RB_COMMAND_WORD - 1, path);
    } else if (!written) {
      return true;
    }
  }
  return false;
}
