# xarray opens our files as they are, with dimensions, coordinates, units and groups.
set -euo pipefail
. "$RB_SOURCE_DIR/tests/io/xarray_python.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$MPIEXEC" -n 2 "$RB_WRITER" "$folder/2.h5"
PYTHONPATH=$RB_SOURCE_DIR/tests/io PYTHONDONTWRITEBYTECODE=1 "$python" - "$folder/2.h5" <<'PYTHON'
import sys
import xarray
import xarray_checks
assert xarray_checks.check(sys.argv[1]) > 10
data = xarray.open_dataset(sys.argv[1], engine="h5netcdf")
assert data["voltage"].dims == ("dataset", "time"), data
assert data["voltage"].attrs["units"] == "mV"
assert data["time"].values[1] == 0.2
assert data["spike"].shape == (53, 20)
assert float(data["voltage"][2, 3]) == 203 * 0.25 - 70
assert list(data["parameter"].values) == ["V_th", "tau_m"]
group = xarray.open_dataset(sys.argv[1], engine="h5netcdf", group="recovery")
assert group["rank"].dims == ("dataset", "parameter") and group["rank"].shape == (5, 2)
assert list(group["rank"].sel(parameter="tau_m").values) == [1001, 1003, 1005, 1007, 1009]
assert group["covariance"].dims == ("parameter", "parameter_2")
assert float(group["covariance"].sel(parameter="tau_m", parameter_2="tau_m")) == 9
weights = xarray.open_dataset(sys.argv[1], engine="h5netcdf", group="weights/summary")
assert weights["kernel"].shape == (3, 2)
assert weights["square"].dims == ("n2", "n2_2")
PYTHON
