#!/usr/bin/env bash
# A disk that is full before a stage, or fills up in it: exit code 4, one line, nothing half-written,
# what was finished untouched; with space again, the stage ends in the same files. With RB_PRELOAD, a
# library to preload, two stages on a file system of which that makes another one.
. "$(dirname "$0")/lib.sh"
in_namespace "$@"
disk=$work/disk
mkdir "$disk"
mount -t tmpfs -o size=64m tmpfs "$disk" || exit 77
for stage in simulate train calibrate infer; do
  run_stage 1 $stage whole
  expect_success $stage
done

pairs=(simulate:simulations.h5 train:checkpoint.h5 calibrate:calibration.h5 infer:posterior.h5)
if [ -n "${RB_PRELOAD:-}" ]; then
  export LD_PRELOAD=$RB_PRELOAD
  pairs=("${pairs[@]:0:2}")
fi

head -c 4096 /dev/zero >"$disk/something" # for tmpfs a size of 0 is no limit
used() { df --output=used -k "$disk" | tail -1; }
tried=0
done_files=()
for pair in "${pairs[@]}"; do
  stage=${pair%:*}
  file=${pair#*:}
  size=$(du -k "whole/$file" | cut -f 1)
  # No room at all; for half of it; for all but a little.
  for room in 0 $((size / 2)) $((size - 8)); do
    mkdir -p "$disk/case"
    for done in "${done_files[@]}"; do cp "whole/$done" "$disk/case"; done
    mount -o "remount,size=$(($(used) + room))k" "$disk"
    run_stage $((1 + tried % 2)) $stage "$disk/case"
    # A checkpoint may fit at first, when it has few epochs to tell of; it then stands.
    if [ $code != 0 ]; then expect_error 4 "No space left on device" "$stage with $room kB"; fi
    [ $code != 0 ] || [ "$stage" != simulate ] || fail "$stage fits in $room kB?"
    tried=$((tried + 1))
    mount -o remount,size=64m "$disk"
    if ls "$disk"/case/*.tmp "$disk"/case/*.lock >/dev/null 2>&1; then fail "left over: $(ls "$disk/case")"; fi
    for done in "${done_files[@]}"; do cmp "whole/$done" "$disk/case/$done" || fail "$done was harmed"; done
    expect_readable "$disk/case"
    run_stage 1 $stage "$disk/case"
    expect_success "$stage with space again"
    h5diff --exclude-path /provenance "whole/$file" "$disk/case/$file" >diff.txt 2>&1 ||
      fail "$file differs after a full disk: $(head -3 diff.txt)"
    rm -rf "$disk/case"
  done
  done_files+=("$file")
done

# A report on a full disk.
mkdir "$disk/case"
cp whole/*.h5 "$disk/case"
mount -o "remount,size=$(($(used) + 16))k" "$disk"
timeout $patience "$RB_PROGRAM" report "$disk/case" >out.txt 2>err.txt
code=$?
expect_error 4 "No space left on device" "report"
[ ! -e "$disk/case/report.html" ] || fail "a report that is not whole"
expect_readable "$disk/case"
echo "$((tried + 1)) full disks survived"
