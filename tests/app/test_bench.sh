#!/usr/bin/env bash
# bench: --json prints one document; a signal ends it before its end; -o makes its folder.
. "$(dirname "$0")/lib.sh"
tiny=$RB_SOURCE_DIR/inputs/tiny.cfg
OMPI_MCA_odls_base_sigkill_timeout=0 mpirun -n 2 "$RB_PROGRAM" bench allreduce "$tiny" --json -o new/folder >out.txt 2>err.txt || fail "bench: $(cat err.txt)"
python3 - <<'PYTHON' || fail "not one document: $(cat out.txt)"
import json
head, result = json.load(open("out.txt"))
assert head["what"] == "fma_peak" and result["what"] == "allreduce" and result["ranks"] == 2, (head, result)
PYTHON
"$RB_PROGRAM" bench io "$tiny" --json -o made/here >out.txt 2>err.txt &
process=$!
for _ in $(seq 3000); do
  [ ! -e made/here ] || break
  sleep 0.01
done
kill -TERM $process
wait $process
code=$?
[ $code = 85 ] || fail "SIGTERM: exit $code: $(cat err.txt)"
grep -q 'rheobase: error: stopped by a signal' err.txt || fail "SIGTERM: $(cat err.txt)"
python3 -c 'import json; json.load(open("out.txt"))' || fail "SIGTERM: not a document: $(cat out.txt)"
[ ! -e made ] || fail "left over: $(find made)"
exit 0
