#!/usr/bin/env bash
# An include may only point up the list of layers of docs/design.md. A folder of src is a layer, and a folder
# of include/rheobase holds what other layers may use of it.
set -eu
cd "$RB_SOURCE_DIR"
layers=(base parallel random io model network inference analysis report app)
declare -A position
for i in "${!layers[@]}"; do position[${layers[i]}]=$i; done
bad=0
complain() {
  echo "$1"
  bad=1
}

for folder in src/*/ include/rheobase/*/; do
  layer=$(basename "$folder")
  [ -n "${position[$layer]:-}" ] || complain "$folder is in no layer"
done
# What a plugin includes stands alone.
! grep -n '# *include *"' include/rheobase/plugin.h || complain "include/rheobase/plugin.h includes a header of ours"
for header in include/rheobase/*.h; do
  [ "$header" = include/rheobase/plugin.h ] || complain "$header is in no layer: move it into a folder"
done

# check FILE LAYER: the includes of one file.
check() {
  local included folder
  while IFS= read -r included; do
    case $included in
      rheobase/version.h | rheobase/revision.h) ;; # generated
      rheobase/*)
        folder=${included#rheobase/}
        folder=${folder%%/*}
        [ "$included" != rheobase/plugin.h ] || folder=model
        [ -n "${position[$folder]:-}" ] || { complain "$1 includes $included, which is in no layer" && continue; }
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
for header in include/rheobase/*/*.h; do
  layer=${header#include/rheobase/}
  check "$header" "${layer%%/*}"
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
