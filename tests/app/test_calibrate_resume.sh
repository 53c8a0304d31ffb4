# A calibration stopped by a signal exits with 85 and keeps what is done; started again, on another
# number of ranks, it ends in the file of an uninterrupted one. So does one that is stopped while it
# sums up: RB_STOP_WITHIN is the library that asks for it.
. "$(dirname "$0")/../fault/lib.sh"
many="--set calibration.sbc_datasets=4000 --set calibration.sbc_draws=99 --set calibration.chunk=100"

rheobase 1 simulate "$input" -o base >out.txt 2>&1 || fail "simulate: $(tail -3 out.txt)"
rheobase 1 train "$input" -o base >out.txt 2>&1 || fail "train: $(tail -3 out.txt)"
cp -r base stopped
cp -r base unsummed
cp -r base blocked
rheobase 2 calibrate "$input" -o base $many >out.txt 2>&1 || fail "whole: $(tail -3 out.txt)"
[ ! -e base/calibration.partial.h5 ] || fail "a finished calibration left its partial file"

"$RB_PROGRAM" calibrate "$input" -o stopped $many >stopped.txt 2>&1 &
stop_once $! "^recovery" stopped.txt
[ $code = 85 ] || fail "exit code $code: $(tail -3 stopped.txt)"
[ "$(grep -c 'rheobase: error:' stopped.txt)" = 1 ] || fail "not one error line: $(cat stopped.txt)"
[ ! -e stopped/calibration.h5 ] || fail "a stopped calibration left a result"
done_before=$(h5ls -r stopped/calibration.partial.h5 | awk '$1 == "/sbc/truth" {print $3}' | tr -d '{,')
[ "$done_before" -gt 0 ] && [ "$done_before" -lt 4000 ] || fail "stopped after $done_before"

mpirun -n 2 "$RB_PROGRAM" calibrate "$input" -o stopped $many >out.txt 2>&1 ||
  fail "resumed: $(tail -3 out.txt)"
grep -q "goes on where it was interrupted" out.txt || fail "it began anew: $(head -5 out.txt)"
same_files base stopped
[ ! -e stopped/calibration.partial.h5 ] || fail "the partial file was left"

code=0
RB_STOP_IN=gsl_ran_multinomial LD_PRELOAD=$RB_STOP_WITHIN "$RB_PROGRAM" calibrate "$input" -o unsummed $many >unsummed.txt 2>&1 || code=$?
[ $code = 85 ] || fail "summing up: exit code $code: $(tail -3 unsummed.txt)"
grep -q "rheobase: error:.*summing up" unsummed.txt || fail "no reason: $(cat unsummed.txt)"
[ ! -e unsummed/calibration.h5 ] || fail "stopped while summing up, it left a result"
[ "$(h5ls -r unsummed/calibration.partial.h5 | awk '$1 == "/sbc/truth" {print $3}' | tr -d '{,')" = 4000 ] ||
  fail "stopped while summing up, it lost data sets"
mpirun -n 2 "$RB_PROGRAM" calibrate "$input" -o unsummed $many >out.txt 2>&1 ||
  fail "summed up: $(tail -3 out.txt)"
grep -q "goes on where it was interrupted" out.txt || fail "it began anew: $(head -5 out.txt)"
same_files base unsummed
[ ! -e unsummed/calibration.partial.h5 ] || fail "the partial file was left"

# What fails after all data sets are done loses none of them either: here a folder is in the way of the file.
hold gsl_ran_multinomial 1 "$RB_PROGRAM" calibrate "$input" -o blocked $many
rm -f blocked/calibration.partial.h5 && mkdir blocked/calibration.h5
let_go
[ $code = 4 ] && [ "$(grep -c 'rheobase: error:' err.txt)" = 1 ] || fail "a folder in the way: exit code $code: $(tail -3 err.txt)"
rmdir blocked/calibration.h5
mpirun -n 2 "$RB_PROGRAM" calibrate "$input" -o blocked $many >out.txt 2>&1 || fail "after a failure: $(tail -3 out.txt)"
grep -q "goes on where it was interrupted" out.txt || fail "it began anew: $(head -5 out.txt)"
same_files base blocked
exit 0
