#!/usr/bin/env bash
# An include may only point up the list of layers of docs/design.md. A public header belongs to the layer
# of the source of the same name; those without a source are listed here.
set -eu
cd "$RB_SOURCE_DIR"
layers=(base parallel random io model network inference analysis report app)
declare -A position header_layer=([real]=base [quantity]=base [shape]=base [model]=model [lif_likelihood]=model [posterior]=inference
  [settings]=io [training]=inference [calibration]=analysis [products]=io)
for i in "${!layers[@]}"; do position[${layers[i]}]=$i; done
bad=0
complain() {
  echo "$1"
  bad=1
}

for folder in src/*/; do
  layer=$(basename "$folder")
  [ -n "${position[$layer]:-}" ] || complain "$folder is in no layer"
done
for layer in "${layers[@]}"; do # the first layer that has a source of the name owns the header
  for source in $(find "src/$layer" -name '*.c' 2>/dev/null); do
    name=$(basename "$source" .c)
    [ ! -f "include/rheobase/$name.h" ] || header_layer[$name]=${header_layer[$name]:-$layer}
  done
done
for header in include/rheobase/*.h; do
  name=$(basename "$header" .h)
  [ -n "${header_layer[$name]:-}" ] ||
    complain "$header has no source of its name: add it to the list in tests/base/test_layering.sh"
done

# check FILE LAYER: the includes of one file.
check() {
  local included folder
  while IFS= read -r included; do
    case $included in
      rheobase/version.h | rheobase/revision.h) ;; # generated
      rheobase/*)
        folder=${header_layer[$(basename "$included" .h)]:-none}
        [ "$folder" != none ] || { complain "$1 includes $included, which is in no layer" && continue; }
        [ "${position[$folder]}" -le "${position[$2]}" ] ||
          complain "$1 ($2) includes $included, which is below it ($folder)"
        ;;
      *)
        # A private header: of the same layer.
        [ -n "$(find "src/$2" -path "*/${included#../}" -print -quit)" ] ||
          complain "$1 ($2) includes $included, which is not of its layer"
        ;;
    esac
  done < <(sed -n 's/^ *# *include *"\([^"]*\)".*/\1/p' "$1")
}

files=0
for header in include/rheobase/*.h; do
  layer=${header_layer[$(basename "$header" .h)]:-}
  [ -z "$layer" ] || check "$header" "$layer"
  files=$((files + 1))
done
for source in $(find src -name '*.[ch]'); do
  layer=${source#src/}
  check "$source" "${layer%%/*}"
  files=$((files + 1))
done
[ $files -gt 20 ] || complain "only $files files found"
[ $bad = 0 ] && echo "$files files, every include points up"
exit $bad
