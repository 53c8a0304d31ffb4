# The one place to adapt to a site; sourced by every script in this folder. RB_JOBS names the folder
# where a script cannot know: a batch script runs as a copy elsewhere. Installing writes the folder in.
[ -n "${RB_JOBS:-}" ] || RB_JOBS=jobs

# On a cluster, load compilers and libraries here, for example
#   module load gcc openmpi hdf5-parallel gsl openblas scalapack libconfig cmake

# How ranks are started inside a Slurm job: srun, or mpirun where srun and MPI do not know each other.
RB_LAUNCHER=${RB_LAUNCHER:-srun}
RB_SRUN_MPI=${RB_SRUN_MPI:-pmix} # of those that `srun --mpi=list` prints

# The program: the one built here, else the one on the path.
if [ -z "${RB_PROGRAM:-}" ]; then
  RB_PROGRAM=rheobase
  [ ! -x "$RB_JOBS/../build/rheobase" ] || RB_PROGRAM=$RB_JOBS/../build/rheobase
fi

# One rank per core: the libraries must not start threads of their own.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

# As root, which is mostly in a container, mpirun refuses to start unless told otherwise, and ranks may
# not be allowed to read each other's memory.
if [ "$(id -u)" = 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  export OMPI_MCA_btl_vader_single_copy_mechanism=${OMPI_MCA_btl_vader_single_copy_mechanism:-none}
fi

# rb_cores: how many cores this process may use for ranks. nproc alone would say OMP_NUM_THREADS, and
# count hardware threads, for which mpirun has no slots.
rb_cores() {
  local allowed cores
  allowed=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status 2>/dev/null || true)
  cores=$(lscpu -p=CPU,Core,Socket 2>/dev/null | awk -F, -v allowed="$allowed" '
    BEGIN {
      ranges = split(allowed, range, ",")
      for (i = 1; i <= ranges; ++i) {
        ends = split(range[i], end, "-")
        for (cpu = end[1] + 0; cpu <= end[ends] + 0; ++cpu) may[cpu] = 1
      }
    }
    /^[0-9]+,[0-9]+,[0-9]+$/ && ($1 in may) && !seen[$2 "," $3]++ { ++cores }
    END { print cores + 0 }' || true)
  if [ "${cores:-0}" -gt 0 ]; then
    echo "$cores"
  else
    env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc
  fi
}

# rb_exec RANKS COMMAND...: runs a command on that many ranks, in place of this (sub)shell.
rb_exec() {
  local ranks=$1
  shift
  if [ -n "${SLURM_JOB_ID:-}" ] && [ "$RB_LAUNCHER" = srun ]; then
    exec srun --mpi="$RB_SRUN_MPI" --ntasks="$ranks" --kill-on-bad-exit=1 "$@"
  fi
  exec mpirun -n "$ranks" "$@"
}

# rb_launch RANKS COMMAND...: the same, and comes back.
rb_launch() {
  (rb_exec "$@")
}

# rb_job ARGUMENT...: runs the program on all tasks of a Slurm job and returns its exit code. Slurm
# announces the time limit with SIGUSR1: the ranks then write a checkpoint and end with 85, and the
# job goes back into the queue, to go on from there when its turn comes.
rb_job() {
  local launcher code seen signals=0 cancelled=0
  (rb_exec "$SLURM_NTASKS" "$RB_PROGRAM" "$@") &
  launcher=$!
  # shellcheck disable=SC2064 # the process id of now
  trap "signals=\$((signals + 1)); kill -USR1 $launcher 2>/dev/null" USR1
  trap 'signals=$((signals + 1)); cancelled=1' TERM # scancel: Slurm tells the ranks itself
  while true; do
    seen=$signals
    wait $launcher
    code=$?
    [ $signals -gt $seen ] || break # a trapped signal ends wait early
  done
  trap - USR1 TERM
  if [ $code = 85 ] && [ $cancelled = 0 ]; then
    echo "Stopped after writing a checkpoint; job $SLURM_JOB_ID goes back into the queue"
    scontrol requeue "$SLURM_JOB_ID"
  fi
  return $code
}
