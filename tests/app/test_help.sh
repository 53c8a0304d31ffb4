#!/usr/bin/env bash
# Help is there however one asks for it, and lists all commands and exit codes.
. "$(dirname "$0")/lib.sh"
"$RB_PROGRAM" --help >long.txt 2>err.txt || fail "--help: exit $?"
for words in "" "help" "-h"; do
  # shellcheck disable=SC2086 # words are split on purpose
  "$RB_PROGRAM" $words >out.txt 2>>err.txt || fail "rheobase $words: exit $?"
  diff long.txt out.txt || fail "rheobase $words prints something else than --help"
done
"$RB_PROGRAM" train --help >train.txt 2>>err.txt || fail "train --help: exit $?"
"$RB_PROGRAM" help train >out.txt 2>>err.txt || fail "help train: exit $?"
diff train.txt out.txt || fail "help train prints something else than train --help"
[ ! -s err.txt ] || fail "help complains: $(cat err.txt)"
expect_failure 2 "unknown command trian; did you mean train" 1 help trian

echo "-- every exit code"
sed -n 's/^  X(RB_[A-Z_]*, \([0-9]*\), "\(.*\)").*/\1 \2/p' "$RB_SOURCE_DIR/include/rheobase/base/status.h" >codes.txt
[ "$(wc -l <codes.txt)" -ge 12 ] || fail "status.h lists $(wc -l <codes.txt) codes"
while read -r code meaning; do
  grep -q "^  $code  *$meaning\$" long.txt || fail "--help does not say what exit code $code means"
done <codes.txt
exit 0
