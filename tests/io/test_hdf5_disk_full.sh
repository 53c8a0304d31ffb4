# A full disk gives one error line, leaves nothing behind and never a hang, on any number of ranks;
# a file that was there stands.
set -euo pipefail
if [ "${1:-}" != inside ]; then
  for way in "unshare --mount" "unshare --map-root-user --mount"; do
    if $way true 2> /dev/null; then exec $way bash "$0" inside; fi
  done
  echo "skipped: no right to mount a small file system"
  exit 77
fi
folder=$(mktemp -d)
trap 'umount "$folder"; rm -rf "$folder" "$folder.err"' EXIT
mount -t tmpfs -o size=1m tmpfs "$folder" || exit 77
tried=0
for ranks in 1 3; do
  "$MPIEXEC" -n $ranks "$RB_WRITER" "$folder/x.h5"
  before=$(md5sum < "$folder/x.h5")
  for free in 0 40 104; do
    size=$(($(du -k "$folder/x.h5" | cut -f 1) + free))
    mount -o "remount,size=${size}k" "$folder"
    code=0
    timeout 120 "$MPIEXEC" -n $ranks "$RB_WRITER" "$folder/x.h5" 2> "$folder.err" || code=$?
    test $code -eq 4
    test "$(grep -c 'rheobase: error: .*: No space left on device' "$folder.err")" -eq 1
    test "$(ls "$folder")" = x.h5
    test "$(md5sum < "$folder/x.h5")" = "$before"
    tried=$((tried + 1))
  done
  mount -o remount,size=1m "$folder"
done
echo "$tried full disks survived"
