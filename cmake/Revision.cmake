# Which revision of the source a program was built from. Included, this file offers
# rb_add_revision(target): each build brings generated/rheobase/revision.h up to date before it
# compiles the target, and touches it only when the revision has changed. Run as a script
# (cmake -D SOURCE=folder -D HEADER=file -P) it is what a build does.

# The work tree's revision; in an unpacked archive what `git archive` wrote into
# cmake/revision.txt; else "unknown". A repository that merely lies around the source says nothing.
function(rb_revision source result)
  set(git ${CMAKE_COMMAND} -E env --unset=GIT_DIR --unset=GIT_WORK_TREE --unset=GIT_INDEX_FILE
          git -C ${source})
  execute_process(COMMAND ${git} rev-parse --show-cdup RESULT_VARIABLE failed
                  OUTPUT_VARIABLE way_to_top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set(revision "")
  if(failed EQUAL 0 AND way_to_top STREQUAL "")
    execute_process(COMMAND ${git} describe --always --dirty OUTPUT_VARIABLE revision
                    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  if(revision STREQUAL "" AND EXISTS ${source}/cmake/revision.txt)
    file(STRINGS ${source}/cmake/revision.txt revision LIMIT_COUNT 1)
  endif()
  if(NOT revision MATCHES "^[-0-9A-Za-z._/+]+$") # also the placeholder "$Format:%h$"
    set(revision unknown)
  endif()
  set(${result} ${revision} PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
  rb_revision(${SOURCE} revision)
  set(text "/* Written by cmake/Revision.cmake. */\n#define RB_GIT_REVISION \"${revision}\"\n")
  set(before "")
  if(EXISTS ${HEADER})
    file(READ ${HEADER} before)
  endif()
  if(NOT before STREQUAL text)
    file(WRITE ${HEADER} ${text})
  endif()
  return()
endif()

set(RB_REVISION_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
function(rb_add_revision target)
  set(header ${CMAKE_BINARY_DIR}/generated/rheobase/revision.h)
  add_custom_target(revision BYPRODUCTS ${header}
                    COMMAND ${CMAKE_COMMAND} -D SOURCE=${CMAKE_SOURCE_DIR} -D HEADER=${header}
                            -P ${RB_REVISION_SCRIPT}
                    COMMENT "Looking up the revision" VERBATIM)
  add_dependencies(${target} revision)
endfunction()
