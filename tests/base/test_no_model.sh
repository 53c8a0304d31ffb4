#!/usr/bin/env bash
# The core knows no model: outside src/model/<folder> and the list of models, no source or header has the name
# of a model or of its folder, of its parameters, settings or channels, their units, or numbers of its prior.
# The words come from the models themselves: the program's list of them, their inputs, their channels' rows.
set -eu
cd "$RB_SOURCE_DIR"

# Words of models that mean something else in the core too; the places that read recordings of electrodes, whose
# file formats have channels and units of their own, whichever model is compared with them; arrays of a
# reference file that is no model's.
common='^(benchmark|program|plugin|statistics|table|data|signal|mixture|current|mask)$'
electrodes='/(recording|import)|/(electrode|spikes)\.[ch]|app/input/arguments\.[ch]'
reference='app/verify/verify_statistics\.c'

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
models=$(sed -n 's/^RB_MODEL(\(.*\))$/\1/p' src/model/model_list.h)
[ -n "$models" ] || { echo "src/model/model_list.h lists no model" && exit 1; }
# What a described model needs is not in its default input, which is an error and tells nothing.
for model in $models; do "$RB_PROGRAM" config --model "$model" >"$scratch/$model.cfg" 2>/dev/null || true; done

# members GROUP FILE: names of the members of a group of an input.
members() { sed -n "/^$1 = {/,/^}/s/^  \([A-Za-z]\w*\) = .*/\1/p" "$2"; }
# Names and units: the first two texts of the rows of channels in the models' folders.
cat src/model/*/*.[ch] | tr '\n' ' ' | grep -o 'rb_channel [a-z_]*\[[^;]*;' |
  grep -o '{"[^"]*", *"[^"]*"' | sed 's/{"\([^"]*\)", *"\([^"]*\)"/\1 \2/' | sort -u >"$scratch/channels"

# Extended regular expressions. A setting stands out by its underscore, others only as a path; a channel also in
# the singular and with its unit; units with a capital letter, those of time being everyone's; negative numbers
# of two digits that something is set to.
word='(^|[^A-Za-z0-9_])'
begin='(^|[^A-Za-z0-9])'
end='($|[^A-Za-z0-9_])'
{
  { echo "$models" && basename -a src/model/*/; } | sort -u | grep -Ev "$common" | sed "s/.*/$begin&(s?[^a-z]|$)/"
  for model in $models; do
    for group in simulator prior; do
      members $group "$scratch/$model.cfg" | sed "s/.*/$begin$group[.]&$end/"
      members $group "$scratch/$model.cfg" | grep _ | sed "s/.*/$word&$end/" || true
    done
    sed -n '/^prior = {/,/^}/p' "$scratch/$model.cfg" | grep -oE -- '-[0-9]{2,}' | sed 's/.*/= &([^0-9]|$)/' || true
    sed -n '/^prior = {/,/^}/s/ *unit = "\(.*\)";/\1/p' "$scratch/$model.cfg"  >>"$scratch/units"
  done
  cut -d' ' -f1 "$scratch/channels" | grep -Ev "$common" | sed "s/s\$//; s/.*/$begin&(s?[^a-z]|$)/"
  cut -d' ' -f2 "$scratch/channels" | sort -u - "$scratch/units" | grep -E '^[A-Za-z]+[A-Z]' |
    sed "s/[^A-Za-z0-9]/[&]/g; s/.*/$begin&$end/"
} | sort -u >"$scratch/words"
count=$(wc -l <"$scratch/words")
[ "$count" -ge 20 ] || { echo "only $count words of models were found" && exit 1; }

# Options, each on a line, but those of such recordings.
options=src/app/input/arguments.c
tr '\n' ' ' <$options | sed 's/ROW_OF(/\n&/g' | grep -v RB_OPTION_RECORDING >"$scratch/options"

found=$(find src include -name '*.[ch]' | grep -v '^src/model/[^/]*/\|^src/model/model_list.h' |
  grep -Ev "$electrodes|$reference" | sort | xargs grep -nE -f "$scratch/words" || true
  sed "s|^|$options: |" "$scratch/options" | grep -E -f "$scratch/words" || true)
[ -z "$found" ] || {
  echo "These lines name what is a model's. Its folder is the place for it, and the core asks its table:"
  echo "$found" | cut -c1-200
  exit 1
}
echo "$count words of $(echo "$models" | wc -l) models are nowhere in the core"
