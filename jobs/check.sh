#!/usr/bin/env bash
# Installs what the tests need (Debian, Ubuntu) and checks everything: format, static analysis,
# documentation, an instrumented build (sanitizers, line coverage), and the whole test suite of a
# release build with warnings as errors; fuzzing of everything that reads files, 10 s per target.
# --long: 10 minutes per target, 100 kills and 200 flipped bits instead of 20 and 24, a failed allocation
# by every path of calls instead of two per stage, all stages on 64 ranks, and by pip the newest xarray
# and ArviZ, and the simulators of inputs/programs.
set -eu
fuzz_seconds=10
if [ "${1:-}" = --long ]; then
  fuzz_seconds=600
  export RB_KILLS=100 RB_FLIPS=200 RB_ALLOCATIONS_TRIED=100000 RB_ALL_STAGES=1
fi
cd "$(dirname "$0")/.."
. jobs/environment.sh
. jobs/setup.sh
# shellcheck disable=SC2086 # the lists are split on purpose
rb_install $RB_PACKAGES $RB_TEST_PACKAGES
if [ "${1:-}" = --long ]; then
  rb_install python3-venv
  python3 -m venv build-check/python && build-check/python/bin/pip install -q arviz h5netcdf brian2 neuron "numpy<2.4"
  export RB_PYTHON=$PWD/build-check/python/bin/python
fi

least_coverage=85 # per cent of the lines of src
cores=$(rb_cores)
slots=$((cores + 1)) # of ctest, which counts ranks: so that a test on one core does not hold up the others
step() { printf '== %s (%s s)\n' "$1" "$SECONDS"; }

step "format"
git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror

step "documentation of the headers"
mkdir -p build-check
doxygen docs/Doxyfile

step "build, warnings are errors"
rb_build build-check -DCMAKE_BUILD_TYPE=Release -DRB_WERROR=ON -DCMAKE_EXPORT_COMPILE_COMMANDS=ON

step "static analysis"
git ls-files 'src/*.c' | grep -v '_kernel\.c$' |
  xargs -P "$cores" -n 4 clang-tidy --quiet -p build-check 2>build-check/tidy.log >build-check/tidy.txt ||
  { grep -E 'error|warning' build-check/tidy.txt | head -20; exit 1; }

step "instrumented build: address and undefined behaviour sanitizers, line coverage"
rb_build build-instrumented -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG='-O1 -g' -DRB_SANITIZE=ON -DRB_COVERAGE=ON
# On one and two ranks, and no whole studies on several: they find no more here, and the release
# build runs them all.
(cd build-instrumented && ctest -j "$slots" -LE 'slow|fault|slurm|statistical' -E '[.][34]$|^same_on_ranks$|^baseline_ranks$' --timeout 600 \
  --no-tests=error --output-on-failure >ctest.log) ||
  { grep -E 'Failed|Timeout|ERROR: AddressSanitizer|runtime error' build-instrumented/ctest.log | head -20; exit 1; }
gcovr -r . --filter src/ --exclude-unreachable-branches build-instrumented \
  --fail-under-line "$least_coverage" -o build-instrumented/coverage.txt ||
  { tail -3 build-instrumented/coverage.txt; echo "line coverage below $least_coverage%"; exit 1; }
tail -3 build-instrumented/coverage.txt

step "fuzzing"
rb_build build-fuzz -DCMAKE_C_COMPILER=clang -DRB_FUZZ=ON -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG='-O1 -g'
tests/fuzz/run.sh build-fuzz build-check/rheobase "$fuzz_seconds"

step "test suite"
(cd build-check && ctest --no-tests=error --output-on-failure -j "$slots")
