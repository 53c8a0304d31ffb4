#ifndef RB_MODEL_PROGRAM_COMMAND_H
#define RB_MODEL_PROGRAM_COMMAND_H

#include <stdbool.h>

/** @file command.h
 * The words of a shell command that may name files it reads: without quotes, and in the folder that
 * a `cd` before them leads to; not what output is redirected to, nor the files of `tee`. Variables
 * and patterns are left as they are. Local. */

enum { RB_COMMAND_WORD = 1024, RB_COMMAND_PATH = 2 * RB_COMMAND_WORD };

typedef struct rb_command_words {
  const char *at;
  char word[RB_COMMAND_WORD];    ///< the last one, without quotes
  char folder[RB_COMMAND_WORD];  ///< of the last cd; "": none
  char outer[RB_COMMAND_WORD];   ///< the folder before the last bracket
  bool begins;                   ///< the next word is the first of a command,
  bool to_folder;                ///< of a cd, whose next word is a folder,
  bool writes;                   ///< of tee, whose words are written
  bool to_output;                ///< the next word is what output is redirected to
} rb_command_words;

/** Begins with the first word. @param command borrowed @param folder in which it is run; "": where
 * this program is */
rb_command_words rb_command_words_of(const char *command, const char *folder);

/** Finds the next word that may name a file that is read. @param path (RB_COMMAND_PATH) the word,
 * in its folder @return whether there is one */
bool rb_command_next(rb_command_words *words, char *path);

#endif
