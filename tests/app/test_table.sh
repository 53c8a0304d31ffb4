#!/usr/bin/env bash
# Simulations that are there already: files of several forms go through all stages without a simulator,
# the same on any number of ranks; another study's simulations are such files; bad files are one line.
. "$(dirname "$0")/lib.sh"
. "$RB_SOURCE_DIR/tests/io/xarray_python.sh"

# Rows that can be told apart: x is theta_1 + theta_2 t with little noise; sorted, as of a sweep.
cat >make.py <<'END'
import h5py, numpy as np

rng = np.random.default_rng(1)
N, L = 300, 6
theta = np.sort(rng.normal(size=(N, 2)), 0)
x = theta[:, :1] + theta[:, 1:] * np.linspace(0, 1, L) + 0.01 * rng.normal(size=(N, L))

def write(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values

write("deep.h5", theta=theta[:200], x=x[:200, None, :])
write("moved.h5", theta=theta[:200] + 1e-3, x=x[:200, None, :])
write("flat.h5", theta=theta[200:], x=x[200:].astype("f4"))
write("named.h5", theta=theta[200:], signal=x[200:])
write("no_theta.h5", x=x)
write("no_x.h5", theta=theta, sygnal=x)
write("fewer.h5", theta=theta, x=x[:-1])
write("longer.h5", theta=theta, x=np.hstack([x, x]))
write("other_theta.h5", theta=theta[:, :1], x=x)
write("four.h5", theta=theta, x=x[:, None, None, :])
write("text.h5", theta=theta, x=np.full((N, L), b"a"))
write("short.h5", theta=theta[:9], x=x[:9])
write("same.h5", theta=theta * [1, 0] + [0, 3], x=x)
write("far.h5", theta=theta, x=x + 1e9 * (np.arange(L) == 2))
write("near.h5", theta=theta, x=x + 1e3)
write("constant.h5", theta=theta, x=x * (np.arange(L) != 2) + 0.1 * (np.arange(L) == 2))
write("bits.h5", theta=theta, x=np.stack([x > 0, x > 1], 1).astype("u1"))
nan = x.copy()
nan[:, 3] = np.nan
write("nan.h5", theta=theta, x=nan)
write("spikes.h5", theta=theta, x=np.where(np.arange(6) == 4, 2 * (np.arange(N) == 7)[:, None], 1.0))
for name, parameter in (("ab", ["a", "b"]), ("ba", ["b", "a"])):
    write(name + ".h5", theta=theta, x=x, parameter=parameter, parameter_unit=["1", "1"])
with h5py.File("plain.h5", "w") as file:  # as xarray and rheobase write what is plain
    file.update(theta=theta, signal=x, time_ms=(1e4 + 0.2 * np.arange(L)).astype("f4"))
    file["signal"].attrs.update(units="millivolts", _FillValue=np.nan, missing_value=[np.nan, np.nan], scale_factor=1.0)
for name, array, attribute, value in (("scaled", "signal", "scale_factor", 0.1), ("offset", "theta", "add_offset", 5),
                                      ("filled", "signal", "_FillValue", -999.0),
                                      ("marked", "signal", "missing_value", [np.nan, -1.0]),
                                      ("nothing", "signal", "scale_factor", np.nan), ("volts", "signal", "units", "V")):
    write(name + ".h5", theta=theta, signal=x)
    h5py.File(name + ".h5", "a")[array].attrs[attribute] = value
write("epoch.h5", theta=theta, signal=x, time_ms=1.6e12 + 0.1 * np.arange(L))
write("endless.h5", theta=theta, signal=x, time_ms=np.array([0, 0.2, 0.4, 0.6, 0.8, np.inf]))
write("finer.h5", theta=theta, signal=x, time_ms=0.1 * np.arange(L))
write("nan_theta.h5", theta=theta * np.where(np.arange(N) % 2, 1, np.nan)[:, None], x=x)
END
"$python" make.py || fail "make.py"
cat >table.cfg <<'END'
model = "table";
table = { files = ["deep.h5", "flat.h5"]; channels = ["signal mV"]; length = 6; axis = "time ms"; step = 0.2; };
network = { density = "autoregressive"; summary = { summary_dim = 4; filters = [4]; recurrent_dim = 4; };
            mixture = { components = 1; mlp_widths = [8]; }; };
training = { epochs = 2; batch_size = 16; micro_batch = 4; };
baseline = { random_features = 0; };
calibration = { recovery_draws = 20; sbc_draws = 19; diagnostics_draws = 20; chunk = 4; };
observation = { draws = 50; };
END

echo "-- all stages but those that need a simulator, the same on any number of ranks"
mpirun -n 2 "$RB_PROGRAM" run table.cfg -o two >out.txt 2>err.txt || fail "run: exit $?: $(grep rheobase: err.txt)"
grep -q "table .*has 255 data sets to train on, 15 for validation, 30 for calibration" out.txt || fail "$(head -3 out.txt)"
grep -q 'predict .*is left out: model "table" has no simulator' out.txt || fail "predict is not said to be left out"
for file in simulations checkpoint calibration baseline posterior; do [ -e "two/$file.h5" ] || fail "no $file.h5"; done
[ ! -e two/predictive.h5 ] && [ -e two/report.html ] || fail "the wrong files: $(ls two)"
rheobase 3 run table.cfg -o three || fail "run on three ranks"
for folder in two three; do mkdir "$folder.files" && cp "$folder"/{simulations,checkpoint,calibration,posterior}.h5 "$folder.files"; done
same_files two.files three.files
rheobase 1 run table.cfg -o named --set 'table.files=["deep.h5","named.h5"]' || fail "an array for each channel"
h5diff two/simulations.h5 named/simulations.h5 /training/signal || fail "files of other forms hold other data"
"$python" - <<'END' || fail "the parts of the table"
import h5py, numpy as np
theta = np.vstack([h5py.File(name)["theta"][:] for name in ("deep.h5", "flat.h5")])
x = np.vstack([h5py.File("deep.h5")["x"][:, 0], h5py.File("flat.h5")["x"][:]])
place = {row.tobytes(): i for i, row in enumerate(theta)}
study, calibration = h5py.File("two/simulations.h5"), h5py.File("two/calibration.h5")
parts = [study["training"], study["validation"]]
rows = [[place[row.tobytes()] for row in part["theta"][:]] for part in parts]
for part, of in zip(parts, rows):
    assert np.array_equal(part["signal"][:], x[of].astype("f4"))
rows.append([place[row.tobytes()] for row in calibration["sbc/records/truth"][:].astype(float)])
assert sorted(sum(rows, [])) == list(range(300)), "the parts are not the rows, each once"
assert max(rows[1]) - min(rows[1]) > 150 and max(rows[2]) - min(rows[2]) > 150, "held-out rows are not spread"
END

echo "-- another study's simulations"
rheobase 2 simulate table.cfg -o again --set 'table.files=["two/simulations.h5"]' || fail "simulations.h5 as a table"
[ "$(h5dump -H -d /training/theta again/simulations.h5 | grep -c '( 230, 2 )')" = 1 ] || fail "not 85% of 270 rows"
rheobase 1 simulate "$RB_SOURCE_DIR/inputs/linear_gaussian.cfg" -o lg --set training.simulations=80 \
  --set training.validation=20 --set 'training.mode="offline"' || fail "simulate"
cat >lg.cfg <<'END'
model = "table";
table = { files = ["lg/simulations.h5"]; channels = ["signal"]; length = 20; axis = "time s"; step = 0.05; };
END
rheobase 1 config lg.cfg >out.txt || fail "config"
grep -A6 "^  level = {" out.txt | grep -q 'distribution = "normal"' || fail "the parameters' names are not those of the file"

echo "-- a prior of one's own"
prior=(--set table.validation=0.2)
sed 's/^model.*/&\nprior = { a = { distribution = "normal"; mean = 0; sd = 1; unit = "mV"; }; b = { distribution = "uniform"; low = -9; high = 9; }; };/' \
  table.cfg >prior.cfg
rheobase 2 simulate prior.cfg -o prior "${prior[@]}" || fail "a prior of one's own"
h5dump -d /parameter prior/simulations.h5 | grep -q '"a", "b"' || fail "the names are not the prior's"
expect_failure 5 "table.files: row [0-9]+ lies outside the prior: a = .*, b = " 2 simulate prior.cfg -o bad --set prior.b.high=0.1
expect_failure 3 "a parameter of a table cannot be fixed" 2 simulate prior.cfg -o bad --set prior.b.fixed=1 --set prior.b.distribution= --set prior.b.low= --set prior.b.high=
expect_failure 6 "the content of table.files has changed" 2 simulate prior.cfg -o prior "${prior[@]}" \
  --set 'table.files=["moved.h5","flat.h5"]'

echo "-- what needs a simulator"
expect_failure 3 'training.mode = "online" makes simulations while it trains, and model "table" has no simulator' 2 \
  run table.cfg -o bad --set 'training.mode="online"'
expect_failure 3 'predict needs a simulator, and model "table" has none' 2 predict table.cfg -o two

echo "-- bad files"
bad() { # FILE CODE TEXT
  expect_failure "$2" "$3" 2 simulate table.cfg -o bad --set "table.files=[\"$1\"]"
  [ ! -e bad/simulations.h5 ] || fail "$1 left simulations"
}
bad nowhere.h5 4 "nowhere.h5"
bad make.py 5 "make.py"
bad no_theta.h5 5 "no_theta.h5: array theta is missing"
bad no_x.h5 5 "no_x.h5: has neither x .N, C, L. nor signal .N, L. of table.channels"
bad fewer.h5 5 "fewer.h5: x.*299"
bad longer.h5 5 "longer.h5: x.*12"
bad four.h5 5 "four.h5: x"
bad text.h5 5 "text.h5: x"
bad nan.h5 5 "nan.h5: x"
bad nan_theta.h5 5 "nan_theta.h5: theta"
bad 'deep.h5","other_theta.h5' 5 "other_theta.h5: theta"
expect_failure 5 "spikes.h5: x is 2 at sample 4 of row 7; channel signal is binary: 0 or 1" 2 simulate table.cfg -o bad \
  --set 'table.files=["spikes.h5"]' --set 'table.channels=["signal 1 binary"]'
bad 'ab.h5","ba.h5' 5 "ba.h5: column 1 of theta is b, .* and b is the study's parameter 2"
expect_failure 5 "ba.h5: column 1 of theta is b" 1 simulate prior.cfg -o bad --set 'table.files=["ba.h5"]'
rheobase 1 simulate prior.cfg -o ab --set 'table.files=["ab.h5"]' || fail "a table that names its parameters"
bad scaled.h5 5 "scaled.h5: signal has the attribute scale_factor = 0.1: its numbers are not the values"
bad offset.h5 5 "offset.h5: theta has the attribute add_offset = 5"
bad filled.h5 5 "filled.h5: signal has the attribute _FillValue = -999"
bad marked.h5 5 "marked.h5: signal has the attribute missing_value = -1"
bad nothing.h5 5 "nothing.h5: signal has the attribute scale_factor = nan"
bad volts.h5 5 "volts.h5: signal is in V, .* and in mV in table.channels"
bad epoch.h5 5 "epoch.h5: the steps of time_ms are 0.1.* ms, those of the study 0.2"
bad endless.h5 5 "endless.h5: the steps of time_ms are inf ms"
bad finer.h5 5 "finer.h5: the steps of time_ms are 0.1 ms, those of the study 0.2"
rheobase 1 simulate table.cfg -o plain --set 'table.files=["plain.h5"]' || fail "attributes that change nothing"
bad same.h5 5 "same.h5: column 2 of theta, theta_2, is the same in all rows"
cp deep.h5 again.h5
bad 'deep.h5","flat.h5","again.h5' 3 "again.h5 holds the same bytes as deep.h5"
bad far.h5 5 "far.h5: x, sample 2: float32 .* keeps too little"
for file in near constant; do
  rheobase 1 simulate table.cfg -o $file --set "table.files=[\"$file.h5\"]" || fail "$file.h5 is refused"
done
bad short.h5 3 "9 rows leave .* for table.validation .* each needs 2 or more"

echo "-- what is left out of a table is not taken back silently, nor a bound of the prior"
skip=(--set 'table.files=["nan_theta.h5"]' --set sanity.simulations=20 --set sanity.prior_draws=20
  --set training.simulations=50 --set training.validation=3 --set 'simulation.invalid="skip"' --set simulation.invalid_limit=0.6)
rheobase 1 simulate table.cfg -o skipped "${skip[@]}" >out.txt 2>&1 || fail "skip: $(tail -1 out.txt)"
expect_failure 6 "table.invalid was skipped .* and is unset now" 1 simulate table.cfg -o skipped "${skip[@]:0:10}"
bounded='prior = { a = { distribution = "normal"; mean = 0.0; sd = 1.0; low = -9.0; }; b = { distribution = "normal"; mean = 0.0; sd = 1.0; }; };'
{ cat table.cfg && echo "$bounded"; } >bounded.cfg
sed 's/ low = -9.0;//' bounded.cfg >unbounded.cfg
rheobase 1 simulate bounded.cfg -o bounded || fail "a prior with a bound"
expect_failure 6 "prior.a.low was -9 and is unset now" 1 simulate unbounded.cfg -o bounded

echo "-- channels that are called like the singular of others, or like their own"
bits=(--set 'table.files=["bits.h5"]' --set 'table.channels=["contact 1 binary","contacts 1 binary"]')
for stage in simulate train infer; do rheobase 1 $stage table.cfg -o bits "${bits[@]}" || fail "$stage of bits"; done
cp bits/posterior.h5 seen.h5
rheobase 1 infer table.cfg -o bits "${bits[@]}" --force --observation seen.h5 || fail "a posterior as observation"
h5diff bits/posterior.h5 seen.h5 /draws || fail "its observation is another"
{ echo time_ms,contact,contacts; for k in 0 2 4 6 8 10; do echo "$((k / 10)).$((k % 10)),0,1"; done; } >seen.csv
rheobase 1 infer table.cfg -o bits "${bits[@]}" --force --observation seen.csv || fail "text"
h5dump -d /observation/contact -w 200 bits/posterior.h5 | grep -q "(0): 0, 0, 0, 0, 0, 0" || fail "contact is another channel"
h5dump -d /observation/contacts -w 200 bits/posterior.h5 | grep -q "(0): 1, 1, 1, 1, 1, 1" || fail "contacts is another channel"

expect_failure 3 "table.files is needed" 2 simulate prior.cfg -o bad --set 'table.files=[]'
expect_failure 3 "table.length is needed" 2 simulate table.cfg -o bad --set table.length=0
exit 0
