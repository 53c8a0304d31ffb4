#!/usr/bin/env bash
# Installs what the tests need (Debian, Ubuntu), builds with warnings as errors and runs the whole
# test suite.
set -eu
cd "$(dirname "$0")/.."
. jobs/environment.sh
. jobs/setup.sh
# shellcheck disable=SC2086 # the lists are split on purpose
rb_install $RB_PACKAGES $RB_TEST_PACKAGES

step() { printf '== %s (%s s)\n' "$1" "$SECONDS"; }

step "format"
git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror

step "build, warnings are errors"
rb_build build-check -DCMAKE_BUILD_TYPE=Release -DRB_WERROR=ON

step "test suite"
(cd build-check && ctest --output-on-failure -j "$(nproc)")
