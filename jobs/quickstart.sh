#!/usr/bin/env bash
# From nothing to a finished study: installs what is missing (Debian, Ubuntu), builds, runs
# inputs/quick.cfg (features that know the model, docs/filter_bank.md) on all cores, and says where
# the results are.
#   jobs/quickstart.sh [RESULT FOLDER]
set -eu
results=$(realpath -m "${1:-$(dirname "$0")/../results/quick}")
cd "$(dirname "$0")/.."
. jobs/environment.sh
. jobs/setup.sh
# shellcheck disable=SC2086 # the list is split on purpose
rb_have_libraries . build || rb_install $RB_PACKAGES
echo "Building (the log is build/build.log)"
rb_build build -DCMAKE_BUILD_TYPE=Release -DRB_TESTS=OFF
rb_launch "$(rb_cores)" build/rheobase run inputs/quick.cfg -o "$results"
