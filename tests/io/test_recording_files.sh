#!/usr/bin/env bash
# What is read of recordings of every format (recording_checks.py).
set -eu
. "$RB_SOURCE_DIR/tests/io/xarray_python.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
PYTHONPATH=$RB_SOURCE_DIR/tests/io PYTHONDONTWRITEBYTECODE=1 "$python" "$RB_SOURCE_DIR/tests/io/recording_checks.py" "$RB_DUMP"
