#!/usr/bin/env bash
# What is installed works from anywhere and leaves nothing where it was installed: stand-ins for the
# program and for Slurm say how they were called.
. "$RB_SOURCE_DIR/tests/app/lib.sh"
prefix="$work/it's a {prefix}"
cmake --install "$(dirname "$RB_PROGRAM")" --prefix "$prefix" >out.txt 2>&1 || fail "cmake --install: $(tail -5 out.txt)"
"$prefix/bin/rheobase" --version >out.txt || fail "the installed program: exit $?"
jobs=$prefix/share/rheobase/jobs
[ "$(cd "$jobs" && echo *)" = "calibration_array.sbatch environment.sh scaling.sbatch stages.sh study.sbatch sweep.sh" ] ||
  fail "installed: $(ls "$jobs")"
[ -f "$prefix/share/rheobase/inputs/tiny.cfg" ] || fail "no inputs"
find "$prefix" | sort >before.txt

mkdir bin spool elsewhere
stand_in() { printf '#!/usr/bin/env bash\n%s\n' "$2" >"$1" && chmod +x "$1"; }
# shellcheck disable=SC2016 # what the stand-ins run
{
  stand_in "$prefix/bin/rheobase" 'echo "$PWD: $0 $*" >>"$CALLS"'
  stand_in bin/srun 'while [[ $1 == --* ]]; do shift; done; exec "$@"'
  stand_in bin/mpirun 'shift 2; exec "$@"'
  # As Slurm does: runs a copy of the script, in the folder of submission.
  stand_in bin/sbatch 'while [[ $1 == --* ]]; do shift; done
    cp "$1" "$SPOOL/script" && shift
    env SLURM_JOB_ID=1 SLURM_NTASKS=1 SLURM_ARRAY_TASK_ID=1 bash "$SPOOL/script" "$@" >&2 || exit
    echo 1'
}
export CALLS=$work/calls.txt SPOOL=$work/spool PATH=$work/bin:$PATH
unset RB_PROGRAM
cd elsewhere || exit 1

# expect_call ARGUMENTS COMMAND...: the command calls the installed program so, in this folder.
expect_call() {
  local arguments=$1
  shift
  : >"$CALLS"
  "$@" >../out.txt 2>&1 || fail "$1: exit $?: $(cat ../out.txt)"
  grep -qxF "$PWD: $prefix/bin/rheobase $arguments" "$CALLS" || fail "$1: called $(cat "$CALLS"), not $arguments: $(cat ../out.txt)"
}
expect_call "run a.cfg -o out/seed=2 --set seed=2" "$jobs/sweep.sh" a.cfg out seed=1 2
RB_SWEEP=local expect_call "run a.cfg -o out/seed=2 --set seed=2" "$jobs/sweep.sh" a.cfg out seed=1 2
expect_call "infer a.cfg -o out" "$jobs/stages.sh" a.cfg out
expect_call "run a.cfg -o out" sbatch "$jobs/study.sbatch" run a.cfg -o out
expect_call "run a.cfg -o out/1 --set seed=1" sbatch "$jobs/calibration_array.sbatch" out a.cfg
expect_call "scale a.cfg" sbatch "$jobs/scaling.sbatch" a.cfg

# The same from the sources, where nothing is built beside them.
source_jobs=$RB_SOURCE_DIR/jobs
prefix=$work/other
mkdir -p "$prefix/bin"
cp "$work/it's a {prefix}/bin/rheobase" "$prefix/bin"
export RB_PROGRAM=$prefix/bin/rheobase
expect_call "run a.cfg -o out/seed=2 --set seed=2" "$source_jobs/sweep.sh" a.cfg out seed=1 2
RB_JOBS=$source_jobs expect_call "run a.cfg -o out" sbatch "$source_jobs/study.sbatch" run a.cfg -o out
sbatch "$source_jobs/study.sbatch" run a.cfg -o out >../out.txt 2>&1 && fail "finds a folder that it cannot know"
grep -q "or set RB_JOBS" ../out.txt || fail "does not say what to do: $(cat ../out.txt)"

find "$work/it's a {prefix}" | sort | diff ../before.txt - || fail "wrote where it was installed"
[ -z "$(ls -A)" ] || fail "left over: $(ls -A)"
exit 0
