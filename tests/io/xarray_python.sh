# Sets $python to one that has xarray with h5netcdf (a virtual environment may hide Debian's), or skips.
python=
for candidate in "${RB_PYTHON:-python3}" /usr/bin/python3; do
  if "$candidate" -c "import xarray, h5netcdf" 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "skipped: no python3 has xarray with h5netcdf (set RB_PYTHON to one that has)"
  exit 77
fi
