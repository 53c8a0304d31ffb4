# docs/files.md is what `rheobase info --markdown` says of the files of a tiny study. With the
# argument "update" (and RB_PROGRAM and RB_SOURCE_DIR set) writes it anew.
set -euo pipefail
page=$RB_SOURCE_DIR/docs/files.md
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$RB_PROGRAM" run --quiet "$RB_SOURCE_DIR/inputs/tiny.cfg" -o "$folder"
"$RB_PROGRAM" refine --quiet "$RB_SOURCE_DIR/inputs/tiny.cfg" -o "$folder" --set exact.datasets=2 \
  --set exact.draws=200 --set exact.short_steps=40 --set exact.long_steps=128
"$RB_PROGRAM" scale --quiet "$RB_SOURCE_DIR/inputs/tiny.cfg" -o "$folder" --set scale.repeats=1 \
  --set scale.seconds=0 --set scale.simulations=16
awk 'BEGIN { print "time_ms,voltage_mV,current_pA"; for (i = 0; i < 100; ++i) print i / 5 ",-65,200" }' >"$folder/trace.csv"
"$RB_PROGRAM" import --quiet "$folder/trace.csv" -o "$folder/recording.h5" 2>/dev/null
cp "$folder/recording.h5" "$folder/second.h5"
"$RB_PROGRAM" infer --quiet "$folder" --recording "$folder/recording.h5" --recording "$folder/second.h5" --sweeps 0 2>/dev/null
"$RB_PROGRAM" predict --quiet "$folder" --recording "$folder/recording.h5" 2>/dev/null
# What a network says without each block of its features, where these come in blocks.
for stage in simulate train calibrate; do
  "$RB_PROGRAM" "$stage" --quiet "$RB_SOURCE_DIR/inputs/tiny.cfg" -o "$folder/blocks" --set network.summary.type=statistics
done
cp "$folder/blocks/calibration.h5" "$folder/calibration.h5"
files=
for stage in simulations checkpoint calibration baseline posterior cells predictive prediction exact scaling recording; do
  if [ -f "$folder/$stage.h5" ]; then files="$files $folder/$stage.h5"; fi
done
"$RB_PROGRAM" info --markdown $files > "$folder/files.md"
if [ "${1:-}" = update ]; then
  cp "$folder/files.md" "$page"
elif ! diff "$page" "$folder/files.md"; then
  echo "docs/files.md is not current: RB_PROGRAM=build/rheobase RB_SOURCE_DIR=. bash" \
       "tests/app/test_docs_files.sh update"
  exit 1
fi
