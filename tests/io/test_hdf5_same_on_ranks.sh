# A file is the same whatever number of ranks wrote it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for ranks in 1 2 3; do
  "$MPIEXEC" -n $ranks "$RB_WRITER" "$folder/$ranks.h5"
done
test -z "$(ls "$folder" | grep tmp || true)"
h5diff "$folder/1.h5" "$folder/2.h5"
h5diff "$folder/1.h5" "$folder/3.h5"
for ranks in 2 3; do  # h5diff passes over what it cannot compare
  for array in voltage spike time parameter dataset recovery/rank recovery/dataset weights/summary/kernel; do
    cmp <(h5dump -A 0 -d /$array "$folder/1.h5" | tail -n +2) \
        <(h5dump -A 0 -d /$array "$folder/$ranks.h5" | tail -n +2)
  done
done
h5dump -pH -d /spike "$folder/2.h5" | grep -q DEFLATE
h5dump -pH -d /voltage "$folder/2.h5" | grep -q FLETCHER32
h5dump -H -d /voltage "$folder/2.h5" > /dev/null
