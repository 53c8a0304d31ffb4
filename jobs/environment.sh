# The one place to adapt to a site; sourced by every script in this folder.
#
# On a cluster, load compilers and libraries here, for example
#   module load gcc openmpi hdf5-parallel gsl openblas scalapack libconfig cmake
# and choose the launcher: srun inside a Slurm allocation, else mpirun.

# rb_launch RANKS COMMAND...: runs a command on that many ranks.
rb_launch() {
  local ranks=$1
  shift
  if [ -n "${SLURM_JOB_ID:-}" ] && [ "${RB_LAUNCHER:-srun}" = srun ]; then
    srun --mpi="${RB_SRUN_MPI:-pmix}" --ntasks="$ranks" --kill-on-bad-exit=1 "$@"
  else
    mpirun -n "$ranks" "$@"
  fi
}

# One rank per core: the libraries must not start threads of their own.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

# mpirun refuses to start as root (containers) unless told otherwise.
if [ "$(id -u)" = 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
