#!/usr/bin/env bash
# Invalid simulations that are skipped: the first valid ones are kept, the same on any number of ranks and
# after a resume, by all stages; too many end the study; a table's rows are left out.
. "$(dirname "$0")/lib.sh"
. "$RB_SOURCE_DIR/tests/io/xarray_python.sh"

cc -I"$RB_SOURCE_DIR/include" -O1 -w -shared -fPIC -o invalid.so "$RB_SOURCE_DIR/tests/app/plugins/invalid.c" ||
  fail "invalid.c does not build"
cat >invalid.cfg <<'END'
model = "plugin";
plugin = { path = "./invalid.so"; };
network = { density = "autoregressive"; summary = { summary_dim = 4; filters = [4]; recurrent_dim = 4; };
            mixture = { components = 1; mlp_widths = [8]; }; };
sanity = { simulations = 20; prior_draws = 50; };
training = { simulations = 400; validation = 64; epochs = 2; batch_size = 16; micro_batch = 4; steps_per_epoch = 8; };
baseline = { random_features = 0; };
calibration = { recovery_datasets = 32; sbc_datasets = 32; diagnostics_datasets = 32; recovery_draws = 20;
                sbc_draws = 19; diagnostics_draws = 20; chunk = 4; };
misspecification = { simulations = 100; };
observation = { draws = 50; };
predictive = { replicates = 20; };
END
skip=(--set 'simulation.invalid="skip"')
expect_failure 10 "simulate returned 3|gave level = -?nan" 2 simulate invalid.cfg -o stops
mpirun -n 4 --oversubscribe "$RB_PROGRAM" try invalid.cfg "${skip[@]}" >out.txt 2>err.txt || fail "try: exit $?: $(cat err.txt)"
grep -q "^4 simulations on each of 4 ranks, [1-9][0-9]* of all are invalid and would be left out" out.txt &&
  grep -q "^equal parameters and seeds give equal simulations" out.txt && ! grep -Eiq "nan|inf$" out.txt ||
  fail "try tells of invalid ones: $(cat out.txt)"
expect_failure 10 "all 8 simulations are invalid" 2 try invalid.cfg "${skip[@]}" --set prior.a.mean=9 --set prior.a.sd=0.1

echo "-- a study, the same on any number of ranks"
mpirun -n 2 "$RB_PROGRAM" run invalid.cfg -o two "${skip[@]}" >out.txt 2>err.txt ||
  fail "run: exit $?: $(grep rheobase: err.txt)"
grep -Eq "training: [0-9]+ of [0-9]+ simulations \([0-9.]+%\) are invalid and left out" out.txt || fail "not told: $(cat out.txt)"
grep -Eq "^calibrate +[0-9]+ of [0-9]+ simulations .* were invalid; others took their places" out.txt ||
  fail "calibrate does not tell: $(cat out.txt)"
[ -s two/report.html ] && [ -s two/figures/invalid.png ] || fail "no figure of what is invalid: $(ls two/figures)"
for stage in simulate train calibrate infer predict; do
  rheobase 3 $stage invalid.cfg -o three "${skip[@]}" || fail "$stage on 3 ranks: exit $?"
done
same_files three two

echo "-- kept are the first valid ones"
rheobase 2 simulate invalid.cfg -o valid --set plugin.settings.faults=0 --set training.simulations=700 ||
  fail "without faults: exit $?"
"$python" - <<'END' || fail "what is kept"
import h5py, numpy as np
some, every = (h5py.File(name)["training"] for name in ("two/simulations.h5", "valid/simulations.h5"))
skipped = some["skipped"][:]
N = len(some["theta"])
item = np.setdiff1d(np.arange(N + len(skipped)), skipped)
assert N == 400 and len(item) == N and np.all(np.diff(skipped) > 0) and skipped[-1] < item[-1]
for name in ("theta", "latent", "level"):
    assert np.array_equal(some[name][:], every[name][:][item]), name
assert np.array_equal(some["skipped_theta"][:], every["theta"][:][skipped])
assert some["theta"][:, 0].max() <= 1, "an invalid one is kept"
high = every["theta"][: item[-1], 0] > 1
assert np.all(np.isin(np.flatnonzero(high), skipped)) and high.sum() < len(skipped), "others are skipped"
END

echo "-- online"
online=("${skip[@]}" --set 'training.mode="online"')
for ranks in 1 2; do
  for stage in simulate train; do
    rheobase $ranks $stage invalid.cfg -o "online$ranks" "${online[@]}" || fail "$stage online: exit $?"
  done
done
same_files online1 online2

echo "-- too many, and a larger study"
limit=(--set simulation.invalid_limit=0.1)
many="of [0-9]+ simulations are invalid .*simulation.invalid_limit allows 10%"
for ranks in 2 1; do
  expect_failure 10 "$many" $ranks simulate invalid.cfg -o few "${skip[@]}" "${limit[@]}"
  [ -e few/simulations.partial.h5 ] && [ ! -e few/simulations.h5 ] || fail "left over: $(ls few)"
done
rheobase 2 simulate invalid.cfg -o few "${skip[@]}" --set training.simulations=100 || fail "with another limit: exit $?"
expect_failure 10 "$many" 1 train invalid.cfg -o few "${skip[@]}" "${limit[@]}" --set 'training.mode="online"' --force
rm few/checkpoint.h5
rheobase 1 simulate invalid.cfg -o few "${skip[@]}" || fail "larger: exit $?"
same_files few two
rheobase 1 simulate invalid.cfg -o few "${skip[@]}" --set training.simulations=50 || fail "smaller: exit $?"
rheobase 1 simulate invalid.cfg -o fifty "${skip[@]}" --set training.simulations=50 || fail "simulate: exit $?"
same_files few fifty

echo "-- a program that hangs and dies now and then"
# Where there is a file `calm` it does not; where there is one `fragile` it breaks for good after 60 simulations,
# and the two workers wait for each other before the first.
cat >hangs.py <<'END'
import array, glob, os, signal, time

inp, out = open(3, "rb"), open(4, "wb")
while line := inp.readline():
    n, d = map(int, line.split())
    theta = array.array("d", inp.read(8 * n * d))
    for i, seed in enumerate(array.array("Q", inp.read(8 * n))):
        if os.path.exists("fragile"):
            open(f"up.{os.getpid()}", "w").close()
            while len(glob.glob("up.*")) < 2:
                time.sleep(0.001)
            with open("made", "a") as made:
                print(end=".", file=made, flush=True)
                if made.tell() > 60:
                    os._exit(7)
        calm = os.path.exists("calm")
        if theta[i] > 2.1 and not calm:
            print(f"hang {seed}", file=open("log.txt", "a"))
            time.sleep(1000)
        if theta[i] < -1.7 and not calm:
            os.kill(os.getpid(), signal.SIGSEGV)
        out.write(array.array("f", [theta[i], float("nan") if seed % 8 == 0 else seed % 1000]).tobytes())
    out.flush()
END
cat >hangs.cfg <<'END'
model = "program";
program = { command = "python3 hangs.py"; channels = ["level"]; length = 2; restarts = 0; batch = 1; timeout_s = 3; };
simulation = { invalid = "skip"; };
prior = { a = { distribution = "normal"; mean = 0; sd = 1; }; };
sanity = { simulations = 10; prior_draws = 50; };
training = { simulations = 80; validation = 20; };
END
mpirun -n 2 "$RB_PROGRAM" simulate hangs.cfg -o hung >out.txt 2>err.txt || fail "it hangs: exit $?: $(grep rheobase: err.txt)"
grep -q "did not answer within 3 s .timeout_s.; starting it anew" err.txt || fail "a time-out is not told: $(cat err.txt)"
grep -q "was ended by signal 11 .*; starting it anew" err.txt || fail "a crash is not told: $(cat err.txt)"
"$python" - <<'END' || fail "what of a program that hangs is kept"
import h5py
training = h5py.File("hung/simulations.h5")["training"]
theta, skipped = training["theta"][:], training["skipped_theta"][:]
assert len(theta) == 80 and theta.max() <= 2.1 and theta.min() >= -1.7
assert skipped.max() > 2.1 and skipped.min() < -1.7 and (abs(skipped) < 1.7).any()
END
rheobase 1 simulate hangs.cfg -o hung --set training.simulations=82 2>err.txt || fail "made larger: exit $?: $(cat err.txt)"
[ -z "$(sort log.txt | uniq -d)" ] || fail "what had timed out is tried again: $(sort log.txt | uniq -d)"
echo 'import sys; sys.exit(3)' >broken.py
expect_failure 10 "ended with exit code 3" 2 simulate hangs.cfg -o broken --set 'program.command="python3 broken.py"'

echo "-- a program that breaks for good leaves nothing out that it can simulate"
broken=(--set training.simulations=200)
touch calm
rheobase 1 simulate hangs.cfg -o never "${broken[@]}" || fail "before it breaks: exit $?"
touch fragile
expect_failure 10 "the last 4[0-9] simulations of rank [01] are all invalid .*allows 50%: mend the simulator" \
  2 simulate hangs.cfg -o mended "${broken[@]}"
rm fragile
rheobase 2 simulate hangs.cfg -o mended "${broken[@]}" || fail "mended: exit $?"
same_files mended never

echo "-- a table with invalid rows"
"$python" - <<'END' || fail "make table"
import h5py, numpy as np
study = h5py.File("two/simulations.h5")["training"]
theta, x = study["theta"][:300], study["level"][:300]
x[::7, 1] = np.nan
theta[5, 0] = np.inf
with h5py.File("holes.h5", "w") as file:
    file["theta"], file["x"] = theta, x
END
cat >prior.txt <<'END'
prior = { a = { distribution = "normal"; mean = 0; sd = 1; }; b = { distribution = "uniform"; low = 0; high = 1; }; };
table = { files = ["holes.h5"]; channels = ["level mV"]; length = 4; axis = "time ms"; step = 1.0; };
END
sed '/^plugin/d; s/^model.*/model = "table";/' invalid.cfg | cat - prior.txt >table.cfg
expect_failure 5 "holes.h5: x holds a value that is not a number in row 0" 2 simulate table.cfg -o table
for ranks in 1 2; do
  for stage in simulate train calibrate; do
    mpirun -n $ranks "$RB_PROGRAM" $stage table.cfg -o "table$ranks" "${skip[@]}" >out.txt 2>err.txt ||
      fail "$stage of a table: exit $?: $(grep rheobase: err.txt)"
    grep -q "44 of 300 rows (14.7%) are invalid and left out" out.txt err.txt || fail "not told: $(cat out.txt err.txt)"
  done
done
same_files table1 table2
sed '/^prior/d; s/^prior = .*//' table.cfg >unknown.cfg # parameters are described by the rows that are finite
rheobase 1 simulate unknown.cfg -o unknown "${skip[@]}" || fail "a table without a prior"
"$python" - <<'END' || fail "without a prior other rows are taken"
import h5py
with h5py.File("table1/simulations.h5") as a, h5py.File("unknown/simulations.h5") as b:
    assert (a["training/theta"][...] == b["training/theta"][...]).all()
END
expect_failure 6 "is of another study" 1 train table.cfg -o table1
expect_failure 10 "44 of 300 simulations are invalid" 2 simulate table.cfg -o bad "${skip[@]}" "${limit[@]}"

echo "-- what is out of the ordinary is counted among the data sets that are kept"
cat >odd.cfg <<'END'
model = "adex";
simulation = { invalid = "skip"; invalid_limit = 0.9; };
simulator = { T_ms = 100.0; };
stimulus = ( { type = "constant"; amplitude = 200; } );
recording = { sample_ms = 0.1; };
prior = { tau_w = { distribution = "lognormal"; median = 0.1; sd_log = 1.0; }; };
sanity = { simulations = 100; };
training = { simulations = 1; validation = 1; };
END
for ranks in 1 3; do
  rheobase $ranks simulate odd.cfg -o odd$ranks || fail "odd: exit $?"
done
same_files odd1 odd3
"$python" - <<'END' || fail "counts of what is out of the ordinary"
import h5py
group = h5py.File("odd1/simulations.h5")["shape_check"]
silent = (group["spikes"][:].sum(axis=1) == 0).sum()
assert len(group["skipped"]) > 50 and 20 < silent < 100 and group["oddity_count"][0] == silent, group["oddity_count"][:]
END
exit 0
