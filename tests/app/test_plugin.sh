#!/usr/bin/env bash
# A simulator in a shared object: the example, built against an installed tree by its Makefile and by
# CMake, goes through all stages and gives the same on any number of ranks; what can be wrong with a
# plugin is one line.
. "$(dirname "$0")/lib.sh"

echo "-- the example builds against an installed tree, in a folder with a blank"
prefix="$work/a prefix"
cmake --install "$(dirname "$RB_PROGRAM")" --prefix "$prefix" >out.txt 2>&1 || fail "cmake --install: $(tail -5 out.txt)"
cp "$prefix"/share/rheobase/inputs/plugins/* .
[ "$(wc -l <Makefile)" = 3 ] || fail "the Makefile has not three lines: $(cat Makefile)"
PKG_CONFIG_PATH=$prefix/share/pkgconfig make -s libdamped_oscillator.so >out.txt 2>&1 || fail "make: $(cat out.txt)"
[ ! -s out.txt ] || fail "make: $(cat out.txt)"
mkdir cmake
cat >cmake/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.21)
project(example LANGUAGES C)
find_package(rheobase 0.1 REQUIRED)
add_library(damped_oscillator MODULE ../damped_oscillator.c)
target_link_libraries(damped_oscillator PRIVATE rheobase::plugin m)
END
{ cmake -S cmake -B cmake/build -DCMAKE_PREFIX_PATH="$prefix" && cmake --build cmake/build; } >out.txt 2>&1 ||
  fail "cmake: $(tail -5 out.txt)"
rheobase 1 config damped_oscillator.cfg --set plugin.path=cmake/build/libdamped_oscillator.so >config.txt ||
  fail "config with the plugin that CMake built"
grep -q "noise = 0.1;" config.txt && grep -q "sd_log = 0.5;" config.txt || fail "config lacks what the plugin says"
${CXX:-c++} -x c++ -fsyntax-only -Wall -Wextra -Werror -I"$prefix/include" - <<<'#include <rheobase/plugin.h>' ||
  fail "plugin.h is no C++"

echo "-- a study, the same on any number of ranks"
small=(--set plugin.settings.length=20 --set 'network.summary.filters=[4]' --set network.summary.recurrent_dim=8
  --set network.summary.summary_dim=8 --set 'network.mixture.mlp_widths=[8]' --set training.simulations=96
  --set training.validation=32 --set training.epochs=2 --set training.batch_size=16 --set training.micro_batch=4
  --set calibration.recovery_datasets=16 --set calibration.recovery_draws=20 --set calibration.sbc_datasets=16
  --set calibration.sbc_draws=19 --set calibration.diagnostics_datasets=16 --set calibration.diagnostics_draws=20
  --set calibration.chunk=4 --set misspecification.simulations=100 --set exact.datasets=2 --set exact.draws=200)
rheobase 2 run damped_oscillator.cfg -o two "${small[@]}" || fail "run: exit $?"
rheobase 1 run damped_oscillator.cfg -o one "${small[@]}" || fail "run on one rank: exit $?"
same_files one two
rheobase 2 refine damped_oscillator.cfg -o two "${small[@]}" || fail "refine: exit $?"
h5dump -d /summary/reliable two/exact.h5 >/dev/null || fail "refine has no exact posteriors"
grep -q crossings two/report.html || fail "the report lacks the plugin's statistic"
rheobase 2 simulate damped_oscillator.cfg -o fixed "${small[@]}" --set prior.gamma.fixed=0.5 || fail "a fixed parameter: exit $?"
[ "$(h5dump -H -d /training/theta fixed/simulations.h5 | grep -c '( 96, 1 )')" = 1 ] || fail "gamma is fixed and inferred"
rheobase 1 report two || fail "report: exit $?"

echo "-- costly simulations are dealt, with the same bits"
cc -I"$RB_SOURCE_DIR/include" -O1 -w -shared -fPIC -o uneven.so "$RB_SOURCE_DIR/tests/app/plugins/invalid.c" ||
  fail "invalid.c does not build"
echo 'model = "plugin"; plugin = { path = "./uneven.so"; settings = { faults = 0; }; };' >uneven.cfg
uneven=(--set sanity.simulations=20 --set training.simulations=200 --set training.validation=20)
rheobase 1 simulate uneven.cfg -o quick "${uneven[@]}" || fail "quick simulations: exit $?"
mpirun -n 4 "$RB_PROGRAM" simulate uneven.cfg -o slow "${uneven[@]}" --set plugin.settings.sleep_us=300 >out.txt 2>err.txt ||
  fail "slow simulations: exit $?: $(cat err.txt)"
grep -Eq "training, slowest [0-9.]+ s, ranks idle for [0-9.]+%" out.txt || fail "slow simulations are not dealt: $(cat out.txt)"
for group in training validation; do
  h5diff quick/simulations.h5 slow/simulations.h5 /$group || fail "$group depends on how it is dealt"
done

echo "-- settings and the file are part of the study"
expect_failure 6 "plugin.settings.noise was 0.1 and is 0.2 now" 2 simulate damped_oscillator.cfg -o two "${small[@]}" \
  --set plugin.settings.noise=0.2
mkdir other
cp libdamped_oscillator.so other/
rheobase 1 simulate damped_oscillator.cfg -o two "${small[@]}" --set plugin.path=other/libdamped_oscillator.so ||
  fail "the same file elsewhere is another study"
echo >>other/libdamped_oscillator.so
expect_failure 6 "the content of plugin.path has changed" 2 simulate damped_oscillator.cfg -o two "${small[@]}" \
  --set plugin.path=other/libdamped_oscillator.so
expect_failure 3 "unknown setting plugin.settings.nois; did you mean plugin.settings.noise" 1 config damped_oscillator.cfg \
  --set plugin.settings.nois=1
expect_failure 10 "create returned 1: length has to be 2 or more" 2 simulate damped_oscillator.cfg -o none \
  --set plugin.settings.length=1

echo "-- bad plugins"
# bad FAULT CODE TEXT [RANKS]: simulate with the plugin of that fault.
bad() {
  rm -rf bad # what a fault leaves is of another plugin
  [ -e "$1.so" ] || cc -I"$RB_SOURCE_DIR/include" -DFAULT="$1" -O0 -w -shared -fPIC -o "$1.so" \
    "$RB_SOURCE_DIR/tests/app/plugins/faulty.c" || fail "$1 does not build"
  expect_failure "$2" "$3" "${4:-2}" simulate bad.cfg -o bad --set plugin.path="./$1.so"
  [ ! -e bad/simulations.h5 ] || fail "$1 left simulations"
}
echo 'model = "plugin"; training = { simulations = 64; validation = 16; };' >bad.cfg
bad NO_ENTRY 3 "is no plugin: it exports no function rheobase_plugin"
bad UNRESOLVED 3 "cannot be loaded: .*undefined symbol: nobody_has_this"
bad ABI 3 "is of version 7 of the plugin interface, and this program has 1; build it again"
bad NO_DESCRIPTION 3 "rheobase_plugin returns no description"
bad NO_SIMULATE 3 "it has no function simulate"
bad BAD_PRIOR 3 "prior.mean: a normal distribution needs sd"
bad NO_PRIOR 3 "prior.mean needs a distribution, or to be fixed"
bad BAD_CHANNEL 3 "the name theta is taken"
bad CREATE 10 "create returned 7: no licence"
bad STATUS 10 "simulate returned 3, at data sets 0 to .*mean = "
bad NOT_A_NUMBER 10 "the simulator gave level = -?nan at sample 4 of data set [0-9]+ .mean = 1"
bad LEAVES_OUT 10 "the simulator gave level = -?nan at sample 7 of data set [0-9]+ .mean = 1"
bad NOT_BINARY 10 "the simulator gave sign = 2 at sample 5 .*a binary channel is 0 or 1"
expect_failure 3 "plugin.path is needed" 2 simulate bad.cfg -o bad
expect_failure 4 "nowhere.so: cannot be read" 2 simulate bad.cfg -o bad --set plugin.path=nowhere.so
expect_failure 3 "bad.cfg.*cannot be loaded: .*(invalid ELF header|file too short)" 2 simulate bad.cfg -o bad --set plugin.path=bad.cfg

echo "-- plugins that crash"
for ranks in 1 0; do # of mpirun, and without it
  for fault in "SEGFAULT: segmentation fault" "OVERFLOW: segmentation fault" "ABORT: aborted" "CALLS_EXIT: it called exit"; do
    name=${fault%%:*}
    if [ $ranks = 1 ]; then
      bad "$name" 10 "plugin ./$name.so crashed in simulate on rank 0, at data sets 0 to .*mean = .*${fault#*: }" 1
    else
      "$RB_PROGRAM" simulate bad.cfg -o bad --set plugin.path="./$name.so" >out.txt 2>err.txt
      code=$?
      [ $code = 10 ] && [ "$(wc -l <err.txt)" = 1 ] || fail "$name alone: exit $code, $(cat err.txt)"
    fi
  done
done
bad EXIT_AT_LOAD 10 "EXIT_AT_LOAD.so\": it crashed when it was loaded: it called exit" 1
cc -I"$RB_SOURCE_DIR/include" -DFAULT=CRASH_AT_END -O0 -w -shared -fPIC -o end.so "$RB_SOURCE_DIR/tests/app/plugins/faulty.c"
expect_failure 10 "plugin ./end.so crashed in destroy on rank 0: aborted" 1 try bad.cfg --set plugin.path=./end.so
bad CRASH_AT_LOAD 10 "CRASH_AT_LOAD.so\": it crashed when it was loaded: aborted" 1

echo "-- another file on one rank"
for rank in 0 1; do
  mkdir "rank$rank"
  cp "$([ $rank = 0 ] && echo STATUS || echo NOT_A_NUMBER).so" "rank$rank/plugin.so"
done
mpirun -n 1 --wdir "$work/rank0" "$RB_PROGRAM" config "$work/bad.cfg" --set plugin.path=plugin.so : \
  -n 1 --wdir "$work/rank1" "$RB_PROGRAM" config "$work/bad.cfg" --set plugin.path=plugin.so >out.txt 2>err.txt
code=$?
[ $code = 3 ] && [ "$(grep -c '^rheobase: error: .*rank 1 finds another file there than rank 0' err.txt)" = 1 ] ||
  fail "another file on a rank: exit $code, $(cat err.txt)"
exit 0
