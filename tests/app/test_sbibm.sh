#!/usr/bin/env bash
# jobs/sbibm.sh: draws for every observation of a reference file, the same on any number of ranks, and one
# line of error for wrong arguments.
. "$(dirname "$0")/lib.sh"
export RB_PROGRAM
reference=$RB_TEST_DATA/sbibm/two_moons.h5
script=$RB_SOURCE_DIR/jobs/sbibm.sh
[ -r /usr/lib/python3/dist-packages/h5py/__init__.py ] || exit 77

for ranks in 1 2; do
  RANKS=$ranks SEED=3 "$script" two_moons 100 "$reference" "draws_$ranks.h5" >log.txt 2>&1 || fail "$ranks: $(tail -3 log.txt)"
done
/usr/bin/python3 - "$reference" <<'PYTHON' || fail "the draws are not what they have to be"
import sys
import h5py
import numpy as np
one, two = (h5py.File(f"draws_{ranks}.h5") for ranks in (1, 2))
draws = one["draws"][()]
assert draws.shape == (2, 10000, 2) and draws.dtype == np.float32, (draws.shape, draws.dtype)
assert (one["observation_number"][()] == h5py.File(sys.argv[1])["observation_number"][()]).all()
assert (np.abs(draws) <= 1).all() and np.ptp(draws, axis=1).min() > 0.01
assert (draws == two["draws"][()]).all()
assert (draws[0] != draws[1]).any()
PYTHON
[ "$(ls)" = "draws_1.h5
draws_2.h5
log.txt" ] || fail "left behind: $(ls)"

refused() { # TEXT ARGUMENT...
  "$script" "${@:2}" >out.txt 2>&1 && fail "accepted: ${*:2}"
  grep -q "$1" out.txt || fail "${*:2}: '$1' expected, got $(cat out.txt)"
}
refused "use: jobs/sbibm.sh TASK" two_moons 300
refused "no task three_moons" three_moons 300 "$reference" x.h5
refused "at least 100" two_moons 10 "$reference" x.h5
refused "cannot be read" two_moons 300 nothing.h5 x.h5
[ ! -e x.h5 ] || fail "a refused call left a file"
exit 0
