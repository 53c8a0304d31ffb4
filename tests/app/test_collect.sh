#!/usr/bin/env bash
# collect: names of any kind are fields of a CSV table; the same command works again; what cannot be
# read is told and does not keep the others from the table; -o makes its folder.
. "$(dirname "$0")/lib.sh"
. "$RB_SOURCE_DIR/tests/io/xarray_python.sh"
tiny=$RB_SOURCE_DIR/inputs/tiny.cfg
mkdir -p results
odd='results/say "a", b=1'
rheobase 1 run "$tiny" -o results/training.batch_size=16,seed=1 >out.txt 2>&1 || fail "run: $(cat out.txt)"
cp -r results/training.batch_size=16,seed=1 "$odd"

# table FILE: its rows as a reader of CSV sees them: the first field of each, how many fields there are.
table() { python3 -c "import csv, sys; [print(len(row), row[0]) for row in csv.reader(open(sys.argv[1], newline=''))]" "$1"; }
for i in 0 1 2 3 4 5; do echo "12 $odd"; done >expected.txt
for i in 0 1 2 3 4 5; do echo "12 results/training.batch_size=16,seed=1"; done >>expected.txt
sed -i '1i 12 study' expected.txt
for turn in first second; do
  "$RB_PROGRAM" collect results/* -o results >table.csv 2>err.txt || fail "$turn time: $(cat err.txt)"
  grep -v '^wrote ' table.csv >printed.csv
  cmp printed.csv results/collection.csv || fail "$turn time: the file is not what was printed"
  table results/collection.csv | diff expected.txt - || fail "$turn time: the table"
done
"$RB_PROGRAM" collect results/* results/new -o results/new/sub --quiet 2>err.txt # the folder is made meanwhile
[ $? = 4 ] && [ -s results/new/sub/collection.csv ] || fail "-o did not make its folder: $(cat err.txt)"
"$RB_PROGRAM" collect results/* results/new/sub -o results/new/sub --quiet 2>err.txt
grep -q 'new/sub' err.txt && fail "its own output is taken for a study: $(cat err.txt)"

# Without -o the table is printed only, as --help says.
mkdir plain
(cd plain && "$RB_PROGRAM" collect ../results/training*) >printed.csv 2>err.txt || fail "without -o: $(cat err.txt)"
[ "$(wc -l <printed.csv)" = 7 ] && [ -z "$(ls plain)" ] || fail "without -o: $(ls plain) $(cat printed.csv)"
"$RB_PROGRAM" collect --help | grep -q -- '-o, --output DIR .*default: the table is printed only' || fail "--help: -o"

# What studies predict of a recording is a second table.
awk 'BEGIN { print "time_ms,voltage_mV,current_pA"; for (i = 0; i < 1500; ++i) print i / 5 "," (i % 150 == 70 ? 20 : -65 + i % 3) "," 250 + 50 * sin(i / 40) }' >trace.csv
"$RB_PROGRAM" import trace.csv -o cell.h5 --quiet 2>/dev/null || fail "import"
for study in "$odd" results/training.batch_size=16,seed=1; do
  "$RB_PROGRAM" predict "$study" --recording cell.h5 --quiet 2>/dev/null || fail "predict in $study"
done
"$RB_PROGRAM" collect "$odd" results/training* -o results >out.txt 2>err.txt || fail "predictions: $(cat err.txt)"
grep -v '^wrote ' out.txt | sed -n '/^study,recording/,$p' | cmp - results/predictions.csv || fail "the file is not what was printed"
"$python" - "$odd" <<'END' || fail "predictions.csv: $(cat results/predictions.csv)"
import csv, sys
import h5py, numpy as np
rows = list(csv.DictReader(open("results/predictions.csv", newline="")))
assert [r["study"] for r in rows] == [sys.argv[1], "results/training.batch_size=16,seed=1"], rows
with h5py.File(sys.argv[1] + "/prediction.h5") as p:
    for name in ("gamma", "bits_per_spike", "rmse", "rate"):
        v = p[name][0]
        assert np.isclose(float(rows[0][name]), np.mean(v), rtol=1e-5), (name, rows[0][name])
        assert np.isclose(float(rows[0][name + "_high"]), np.quantile(v, 0.975), rtol=1e-5)
    assert rows[0]["recording"] == "cell.h5" and rows[0]["digest"] == p["recording/digest"][()].decode(), rows[0]
    assert rows[1]["digest"] == rows[0]["digest"] and len(rows[0]["digest"]) == 16
    assert rows[0]["sweep"] == "0" and rows[0]["repeats"] == "1" and rows[0]["reliability"] == "" and rows[0]["log_evidence"] == ""
END
rm results/predictions.csv

# Studies that are not calibrated show what they predict.
cp -r "$odd" predicted && rm predicted/calibration.h5
"$RB_PROGRAM" collect predicted -o alone >out.txt 2>err.txt || fail "predictions alone: $(cat err.txt)"
[ "$(ls alone)" = predictions.csv ] && [ "$(wc -l <alone/predictions.csv)" = 2 ] || fail "alone: $(ls alone)"
grep -v '^wrote ' out.txt | cmp - alone/predictions.csv || fail "not what was printed: $(cat out.txt)"
expect_failure 4 "there is no study to collect" 1 collect alone

# One that is missing, one that is damaged, one that has no calibration.
mkdir results/bad results/young
head -c 3000 "$odd/calibration.h5" >results/bad/calibration.h5
cp "$odd/simulations.h5" results/young
expect_failure 5 "3 of 5 studies are left out" 1 collect results/bad "$odd" results/none results/young results/training* -o results
for why in 'bad/calibration.h5: is not a whole' 'results/none holds no' 'young/calibration.h5 is missing: run .rheobase calibrate'; do
  grep -q "rheobase: warning: .*$why" err.txt || fail "$why: $(cat err.txt)"
done
[ "$(grep -c '^[^w].*,V_th,' out.txt)" = 2 ] && [ "$(wc -l <results/collection.csv)" = 13 ] || fail "no table: $(cat out.txt)"
expect_failure 4 "no study to collect" 1 collect results/none -o unmade
[ ! -e unmade ] || fail "a folder without a table"
"$RB_PROGRAM" collect --help | grep -q -- '-o, --output DIR .*collection.csv.*printed only' || fail "help: $("$RB_PROGRAM" collect --help)"
"$RB_PROGRAM" run --help | grep -q -- '-o, --output DIR .*results/<input>' || fail "help of run"
exit 0
