# A calibration stopped by a signal exits with 85 and keeps what is done; started again, on another
# number of ranks, it ends in the file of an uninterrupted one.
. "$(dirname "$0")/lib.sh"
input="$RB_SOURCE_DIR/inputs/tiny.cfg"
many="--set calibration.sbc_datasets=4000 --set calibration.sbc_draws=99 --set calibration.chunk=100"

rheobase 1 simulate "$input" -o base >out.txt 2>&1 || fail "simulate: $(tail -3 out.txt)"
rheobase 1 train "$input" -o base >out.txt 2>&1 || fail "train: $(tail -3 out.txt)"
cp -r base stopped
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
exit 0
