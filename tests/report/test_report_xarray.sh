#!/usr/bin/env bash
# xarray opens the files of a study by name, with dimensions, coordinates and units.
. "$RB_SOURCE_DIR/tests/app/lib.sh"
. "$RB_SOURCE_DIR/tests/io/xarray_python.sh"
rheobase 1 run "$RB_SOURCE_DIR/inputs/tiny.cfg" -o study >out.txt 2>&1 || fail "run: $(cat out.txt)"
PYTHONPATH=$RB_SOURCE_DIR/tests/io PYTHONDONTWRITEBYTECODE=1 "$python" - study <<'PYTHON' || fail "xarray"
import glob
import sys
import numpy
import xarray
import xarray_checks

files = glob.glob(f"{sys.argv[1]}/*.h5")
assert len(files) == 7, files
for file in files:
    assert xarray_checks.check(file) > 10, file

def open_group(name, group=None):
    return xarray.open_dataset(f"{sys.argv[1]}/{name}.h5", engine="h5netcdf", group=group)

parameters = ["V_th", "tau_m", "g_L", "V_reset", "V_init", "E_L"]
root = open_group("calibration")
assert list(root["parameter"].values) == parameters, root
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
assert list(posterior["parameter"].values) == parameters
draws = posterior["draws"]
assert draws.dims == ("draw", "parameter") and draws.shape == (50, 6)
assert numpy.allclose(draws.mean("draw"), posterior["mean"], rtol=1e-5)
by_name = draws.to_dataset(dim="parameter")
assert list(by_name) == parameters
assert numpy.allclose(by_name["V_th"].mean(), posterior["mean"].sel(parameter="V_th"), rtol=1e-5)
assert numpy.isclose(recovery["r"].sel(parameter="tau_m"), r[1], atol=1e-12)
observation = open_group("posterior", "observation")
assert observation["voltage"].attrs["units"] == "mV"
assert observation["voltage"].dims == ("time_ms",)
assert float(observation["time_ms"][1]) == 0.2

try:
    import arviz  # jobs/check.sh --long installs it
except ImportError:
    sys.exit()
table = arviz.summary(arviz.convert_to_dataset(by_name.rename(draw="sample").expand_dims("chain").rename(sample="draw")))
assert list(table.index) == parameters, table
xarray.open_datatree(f"{sys.argv[1]}/calibration.h5", engine="h5netcdf").load()
PYTHON
