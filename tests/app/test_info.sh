# `rheobase config` and `rheobase info` on good and bad input.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fails_with() { # code, words, command...
  local code=$1 words=$2 found=0
  shift 2
  "$@" > "$folder/out" 2> "$folder/err" || found=$?
  if [ $found -ne "$code" ] || ! grep -q "^rheobase: error: .*$words" "$folder/err" ||
     [ "$(wc -l < "$folder/err")" -ne 1 ]; then
    echo "$*: exit $found instead of $code, or no '$words' in:"
    cat "$folder/err"
    exit 1
  fi
}
says() { # words, command...
  local words=$1
  shift
  "$@" > "$folder/out"
  grep -q -- "$words" "$folder/out" || { echo "$*: no '$words' in:"; cat "$folder/out"; exit 1; }
}
# What config prints is an input file that amounts to the same.
"$RB_PROGRAM" config "$RB_SOURCE_DIR/inputs/quick.cfg" --set seed=7 > "$folder/a.cfg"
"$RB_PROGRAM" config "$folder/a.cfg" > "$folder/b.cfg"
cmp "$folder/a.cfg" "$folder/b.cfg"
says "^seed = 7;" "$RB_PROGRAM" config "$folder/a.cfg"
fails_with 3 "did you mean training.epochs?" "$RB_PROGRAM" config --set training.epoch=3
fails_with 4 "cannot be read: No such file" "$RB_PROGRAM" config "$folder/absent.cfg"
mkfifo "$folder/pipe.cfg"  # an input is read more than once; the second time a pipe would be empty
fails_with 4 "pipe.cfg: is not a file that can be read twice" "$RB_PROGRAM" config "$folder/pipe.cfg"
printf 'seed = 1;\nseed = 2;\n' > "$folder/twice.cfg"
fails_with 3 "twice.cfg:2: this setting is given twice" "$RB_PROGRAM" config "$folder/twice.cfg"

data=$RB_TEST_DATA/network_small.h5
says "inputs/x: float32 (" "$RB_PROGRAM" info "$data"
"$RB_WRITER" "$folder/ours.h5"
says "fixture, version 3" "$RB_PROGRAM" info "$folder/ours.h5"
says "voltage: float32 (dataset 53, time 20) mV; membrane voltage" "$RB_PROGRAM" info "$folder/ours.h5"
cp "$folder/ours.h5" "$folder/odd"$'\e[31m.h5' # what a terminal obeys is written out
says 'odd\\x1b\[31m.h5: fixture' "$RB_PROGRAM" info "$folder/odd"$'\e[31m.h5'
says '## `odd\\x1b\[31m.h5`' "$RB_PROGRAM" info --markdown "$folder/odd"$'\e[31m.h5'
says "loss: float64 = -2.5 nat; final loss" "$RB_PROGRAM" info "$folder/ours.h5"
says "| .weights/<layer>/<tensor>. | float32 | of the tensor" "$RB_PROGRAM" info --markdown "$folder/ours.h5"
head -c 2000 "$folder/ours.h5" > "$folder/cut.h5"
fails_with 5 "cut.h5: is not a whole HDF5 file" "$RB_PROGRAM" info "$folder/cut.h5"
fails_with 4 "absent.h5: cannot be read" "$RB_PROGRAM" info "$folder/absent.h5"
mkdir "$folder/study"
fails_with 4 "study holds no file of a study" "$RB_PROGRAM" info "$folder/study"
mkdir "$folder/study/checkpoint.h5"
fails_with 4 "study/checkpoint.h5: is a folder" "$RB_PROGRAM" info "$folder/study"
cp "$folder/cut.h5" "$folder/study/simulations.h5"
fails_with 5 "study/simulations.h5: is not a whole HDF5 file" "$RB_PROGRAM" info "$folder/study"
says "HDF5 1" "$RB_PROGRAM" --version
# Matrix products use this processor's vectors even where OpenBLAS is too old to know it.
if grep -qw avx2 /proc/cpuinfo; then
  env -u OPENBLAS_CORETYPE "$RB_PROGRAM" --version > "$folder/out"
  ! grep -q "OpenBLAS.*Prescott" "$folder/out" || { echo "slow kernels:"; cat "$folder/out"; exit 1; }
  says "OpenBLAS.*Prescott" env OPENBLAS_CORETYPE=Prescott "$RB_PROGRAM" --version
fi
says "The posterior estimator" "$RB_PROGRAM" config
says "--set PATH=VALUE" "$RB_PROGRAM" run --help

# OpenBLAS's kernels follow ours, whatever it thinks of the processor.
if "$RB_PROGRAM" --version | grep -q DYNAMIC_ARCH && grep -q avx2 /proc/cpuinfo; then
  says "Haswell" env -u OPENBLAS_CORETYPE RB_KERNEL=x86-64-v3 "$RB_PROGRAM" --version
  says "Prescott" env OPENBLAS_CORETYPE=Prescott RB_KERNEL=x86-64-v3 "$RB_PROGRAM" --version
fi
