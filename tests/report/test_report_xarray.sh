#!/usr/bin/env bash
# xarray opens the files of a study by name, with dimensions, coordinates and units.
. "$RB_SOURCE_DIR/tests/app/lib.sh"
. "$RB_SOURCE_DIR/tests/io/xarray_python.sh"
rheobase 1 run "$RB_SOURCE_DIR/inputs/tiny.cfg" -o study >out.txt 2>&1 || fail "run: $(cat out.txt)"
"$python" - study <<'PYTHON' || fail "xarray"
import sys
import numpy
import xarray

def text(values):
    return [v.decode() if isinstance(v, bytes) else str(v) for v in values]

def open_group(name, group=None):
    return xarray.open_dataset(f"{sys.argv[1]}/{name}.h5", engine="h5netcdf", group=group)

parameters = ["V_th", "tau_m", "g_L", "V_reset", "V_init", "E_L"]
root = open_group("calibration")
assert text(root["parameter"].values) == parameters, root
assert root["level"].shape == (20,)
recovery = open_group("calibration", "recovery")
assert recovery["r"].dims == ("parameter",), recovery
assert recovery["nrmse"].dims == ("normaliser", "parameter")
assert recovery.attrs["datasets"] == 24 and recovery.attrs["draws"] == 20
records = open_group("calibration", "recovery/records")
truth, median = records["truth"], records["median"]
assert truth.dims == ("dataset", "parameter") and truth.shape == (24, 6)
r = [numpy.corrcoef(truth.values[:, d], median.values[:, d])[0, 1] for d in range(6)]
assert numpy.allclose(r, recovery["r"].values, atol=1e-12), (r, recovery["r"].values)
coverage = open_group("calibration", "diagnostics/coverage")
assert coverage["central"].dims == ("level", "parameter")

posterior = open_group("posterior")
assert text(posterior["parameter"].values) == parameters
draws = posterior["draws"]
assert draws.dims == ("draw", "parameter") and draws.shape == (50, 6)
assert numpy.allclose(draws.mean("draw"), posterior["mean"], rtol=1e-5)
observation = open_group("posterior", "observation")
assert observation["voltage"].attrs["units"] == "mV"
assert observation["voltage"].dims == ("time_ms",)
PYTHON
