#!/usr/bin/env bash
# A private Slurm of two virtual nodes on this machine, run by the calling user without systemd, on
# free ports, with everything it writes in one folder.
#   fixture.sh start DIR [OWNER]   starts it; it stops by itself when process OWNER ends
#   fixture.sh stop DIR            stops it, by the process ids that start noted in DIR/pids
# Afterwards `. DIR/environment` makes srun, sbatch, ... talk to it. start ends with 77 where Slurm is
# missing. DIR must be short (sockets have names of at most 107 characters): mktemp -d /tmp/rb.XXXXXX
set -u
PATH=$PATH:/usr/sbin:/sbin

skip() {
  echo "SKIP: $1"
  exit 77
}

# launch NAME COMMAND...: a daemon in its own session, which keeps no descriptor of ours open.
launch() {
  local name=$1
  shift
  setsid "$@" </dev/null >"$dir/$name.out" 2>&1 &
  echo $! >>"$dir/pids"
}

# Three consecutive ports nobody listens on.
free_ports() {
  local port i
  for _ in $(seq 100); do
    port=$((20000 + RANDOM % 12000))
    for i in 0 1 2; do
      (exec 3<>"/dev/tcp/127.0.0.1/$((port + i))") 2>/dev/null && continue 2
    done
    echo "$port"
    return
  done
  return 1
}

write_configuration() {
  local host port
  host=$(hostname -s)
  port=$(free_ports) || skip "no free ports"
  cat >"$dir/slurm.conf" <<END
ClusterName=rb
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$dir/munge.socket,cred_expire=5
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool-%n
TmpFS=$dir/tmp-%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd-%n.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=pmix
ReturnToService=2
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/jobs.log
MinJobAge=3600
RequeueExit=85
KillWait=5
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=1 RealMemory=2000
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=1 RealMemory=2000
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=1440 State=UP
END
  echo "CgroupPlugin=cgroup/v1" >"$dir/cgroup.conf"
  cat >"$dir/environment" <<END
export SLURM_CONF=$dir/slurm.conf
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl=self,vader,tcp OMPI_MCA_btl_vader_single_copy_mechanism=none
END
}

start() {
  local owner=${1:-} program
  for program in munged slurmctld slurmd sbatch srun setsid; do
    command -v $program >/dev/null || skip "$program is not installed"
  done
  mkdir -p "$dir"/state "$dir"/spool-n1 "$dir"/spool-n2 "$dir"/tmp-n1 "$dir"/tmp-n2
  chmod 711 "$dir"
  : >"$dir/pids"
  (umask 077 && head -c 1024 /dev/urandom >"$dir/munge.key")
  write_configuration
  # shellcheck disable=SC1091
  . "$dir/environment"
  launch munged munged --foreground --force --socket="$dir/munge.socket" --key-file="$dir/munge.key" \
    --pid-file="$dir/munge.pid" --log-file="$dir/munge.log" --seed-file="$dir/munge.seed"
  for _ in $(seq 600); do
    [ -S "$dir/munge.socket" ] && break
    sleep 0.1
  done
  launch slurmctld slurmctld -D
  launch slurmd-n1 slurmd -D -N n1
  launch slurmd-n2 slurmd -D -N n2
  for _ in $(seq 600); do # 1 s is usual
    if [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 2 ]; then
      [ -z "$owner" ] || watch_owner "$owner"
      return 0
    fi
    sleep 0.1
  done
  tail -n 5 "$dir"/*.out "$dir"/*.log
  stop
  echo "Slurm did not come up within a minute"
  exit 1
}

# A test that is killed cannot tidy up: this process does it when the owner is gone.
watch_owner() {
  setsid bash -c 'while kill -0 "$1" 2>/dev/null && [ -s "$3/pids" ]; do sleep 1; done; exec "$2" stop "$3"' \
    - "$1" "$(realpath "$0")" "$dir" </dev/null >/dev/null 2>&1 &
}

# Ends the processes given by their ids, within 5 s.
end_processes() {
  kill -TERM "$@" 2>/dev/null
  for _ in $(seq 50); do
    kill -0 "$@" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$@" 2>/dev/null
  return 0
}

stop() {
  local pids
  mapfile -t pids 2>/dev/null <"$dir/pids"
  [ ${#pids[@]} -gt 0 ] || return 0
  : >"$dir/pids"
  # Jobs first: their processes would outlive the daemons.
  # shellcheck disable=SC1091
  . "$dir/environment"
  scancel --user="$(id -un)" 2>/dev/null
  for _ in $(seq 100); do
    [ -n "$(squeue -h 2>/dev/null)" ] || break
    sleep 0.1
  done
  end_processes "${pids[@]:1}"
  end_processes "${pids[0]}" # munged, which the others need
}

[ $# -ge 2 ] || {
  echo "use: fixture.sh start DIR [OWNER] | stop DIR" >&2
  exit 2
}
dir=$2
case $1 in
  start) start "${3:-}" ;;
  stop) stop ;;
  *) echo "fixture.sh: start or stop, not $1" >&2 && exit 2 ;;
esac
