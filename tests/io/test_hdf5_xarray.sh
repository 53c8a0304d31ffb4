# xarray opens our files as they are, with dimensions, coordinates, units and groups.
set -euo pipefail
. "$RB_SOURCE_DIR/tests/io/xarray_python.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$MPIEXEC" -n 2 "$RB_WRITER" "$folder/2.h5"
"$python" - "$folder/2.h5" <<'PYTHON'
import sys
import xarray
data = xarray.open_dataset(sys.argv[1], engine="h5netcdf")
assert data["voltage"].dims == ("dataset", "time"), data
assert data["voltage"].attrs["units"] == "mV"
assert data["time"].values[1] == 0.2
assert data["spike"].shape == (53, 20)
assert float(data["voltage"][2, 3]) == 203 * 0.25 - 70
assert [str(n.decode() if isinstance(n, bytes) else n) for n in data["parameter"].values] == ["V_th", "tau_m"]
group = xarray.open_dataset(sys.argv[1], engine="h5netcdf", group="recovery")
assert group["rank"].dims == ("dataset", "parameter") and group["rank"].shape == (5, 2)
weights = xarray.open_dataset(sys.argv[1], engine="h5netcdf", group="weights/summary")
assert weights["kernel"].shape == (3, 2)
PYTHON
