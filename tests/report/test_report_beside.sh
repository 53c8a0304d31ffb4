#!/usr/bin/env bash
# A report beside a running study, of an unfinished one, and while gnuplot hangs.
. "$RB_SOURCE_DIR/tests/app/lib.sh"
tiny=$RB_SOURCE_DIR/inputs/tiny.cfg
rheobase 1 run "$tiny" -o study >out.txt 2>&1 || fail "run: $(cat out.txt)"

# A job holds the folder, in the middle of refining: the page has what is there, and says how far it is.
"$RB_PROGRAM" refine study --set exact.datasets=400 --set exact.draws=100 --set exact.short_steps=20 \
  --set exact.long_steps=128 --set checkpoint.minutes=0.0001 >out.txt 2>err.txt &
process=$!
for _ in $(seq 6000); do
  [ ! -e study/exact.h5 ] || break
  sleep 0.01
done
kill -STOP $process
[ -e study/rheobase.lock ] || fail "the study has ended: $(cat err.txt)"
rheobase 1 report study 2>warnings.txt || fail "beside a job: $(cat warnings.txt)"
grep -q 'exact.h5 is unfinished, at data set [0-9]* of 400; rheobase refine goes on' warnings.txt || fail "unfinished: $(cat warnings.txt)"
grep -q 'Not drawn: exact.h5 is unfinished' study/report.html || fail "unfinished: $(grep 'Not drawn' study/report.html)"
grep -q 'figure-posterior' study/report.html || fail "the page lacks what is there"
[ -e study/rheobase.lock ] || fail "the job's lock was removed"
"$RB_PROGRAM" info study | grep -q 'exact.h5 is unfinished' || fail "info of an unfinished one"
[ -z "$(find study/figures -name '*.tmp')" ] || fail "left over: $(find study -name '*.tmp')"
kill -KILL $process
wait $process 2>/dev/null
rm -f study/rheobase.lock

# No test data sets were asked for.
rheobase 1 refine study --set exact.datasets=0 --set exact.draws=100 --set exact.short_steps=20 \
  --set exact.long_steps=128 --force || fail "refine"
rheobase 1 report study 2>warnings.txt
[ ! -s warnings.txt ] || fail "no test data sets: $(cat warnings.txt)"
grep -q 'Not drawn: exact.h5 holds the observation alone' study/report.html || fail "no test data sets: $(grep 'Not drawn' study/report.html)"

# A gnuplot that hangs: the report ends, and leaves no process.
mkdir bin && printf '#!/bin/sh\necho $$ >%s/pid.txt\nexec sleep 600\n' "$work" >bin/gnuplot && chmod +x bin/gnuplot
PATH="$work/bin:$PATH" "$RB_PROGRAM" report study >out.txt 2>err.txt &
process=$!
for _ in $(seq 6000); do
  [ ! -s pid.txt ] || break
  sleep 0.01
done
kill -TERM $process
wait $process
code=$?
[ $code = 85 ] && grep -q 'rheobase: error: stopped by a signal while drawing' err.txt || fail "gnuplot hangs: exit $code: $(cat err.txt)"
! kill -0 "$(cat pid.txt)" 2>/dev/null || fail "gnuplot still runs"
[ -z "$(find study -name '*.tmp')" ] || fail "left over: $(find study -name '*.tmp')"
exit 0
