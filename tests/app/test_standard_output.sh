#!/usr/bin/env bash
# Standard output is a file like any other: where it is full, closed or a pipe nobody reads, every
# command that prints ends with exit code 4 and one line; results are whole all the same.
. "$(dirname "$0")/lib.sh"
tiny=$RB_SOURCE_DIR/inputs/tiny.cfg
"$RB_PROGRAM" run "$tiny" -o study >out.txt 2>err.txt || fail "tiny: $(tail -3 err.txt)"
[ -e /dev/full ] || { echo "skipped: no /dev/full" && exit 77; }

# expect_refusal REASON CODE WHAT: of a command that has written err.txt.
expect_refusal() {
  [ "$2" = 4 ] || fail "$3: exit $2 instead of 4: $(cat err.txt)"
  [ "$(grep -v warning err.txt)" = "rheobase: error: standard output cannot be written: $1" ] || fail "$3: $(cat err.txt)"
}

# full_disk ARGUMENT..., closed ARGUMENT..., no_reader ARGUMENT...
full_disk() {
  "$RB_PROGRAM" "$@" >/dev/full 2>err.txt
  expect_refusal "No space left on device" $? "$* on a full disk"
}
closed() {
  "$RB_PROGRAM" "$@" >&- 2>err.txt
  expect_refusal "Bad file descriptor" $? "$*, closed"
}
mkfifo pipe
no_reader() {
  exec 4<>pipe 5>pipe 4<&- # its only reader is gone
  "$RB_PROGRAM" "$@" >&5 5>&- 2>err.txt
  expect_refusal "Broken pipe" $? "$* without a reader"
  exec 5>&-
}
for way in full_disk closed no_reader; do
  $way --help
  $way config
  $way info study/posterior.h5
  $way collect study
done
full_disk --version
full_disk run --help
full_disk config --markdown
full_disk info --markdown study/posterior.h5
full_disk verify "$RB_TEST_DATA/prior.h5"
full_disk report study
full_disk predict "$tiny" -o study
full_disk bench io "$tiny"
full_disk scale "$tiny" -o scaled --set scale.repeats=1 --set scale.seconds=0 --set scale.simulations=16

# What cannot be told is done all the same; no file takes the number of the closed output.
"$RB_PROGRAM" run "$tiny" -o closed 0<&- >&- 2>err.txt
expect_refusal "Bad file descriptor" $? "run, closed"
same_files study closed
[ -s closed/report.html ] || fail "no report"

# Who asked for nothing to be printed has nothing to miss; an error is told first.
"$RB_PROGRAM" run "$tiny" -o study --quiet >&- 2>err.txt || fail "--quiet, closed: $(cat err.txt)"
"$RB_PROGRAM" run "$tiny" -o study --quiet >/dev/full 2>err.txt || fail "--quiet, full: $(cat err.txt)"
"$RB_PROGRAM" info study/none.h5 >&- 2>err.txt
[ $? = 4 ] || fail "an absent file, closed"
grep -q "none.h5" err.txt || fail "an absent file, closed: $(cat err.txt)"
"$RB_PROGRAM" config >&- 2>&-
[ $? = 4 ] || fail "both closed"
exit 0
