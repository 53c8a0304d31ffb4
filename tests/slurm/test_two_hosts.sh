#!/usr/bin/env bash
# Two ranks on two hosts over TCP: two network namespaces joined by a virtual cable, each with its own
# host name, entered by the agent that mpirun takes for ssh. A whole study there gives the bits of two
# ranks on one host.
#   test_two_hosts.sh STAND_IN   which says where it ran. Needs root; skipped where that is not allowed.
set -u
PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" = 0 ] || { echo "SKIP: needs root for network namespaces" && exit 77; }
for program in ip unshare; do
  command -v $program >/dev/null || { echo "SKIP: $program is not installed" && exit 77; }
done

dir=$(mktemp -d /tmp/rb.XXXXXX)
a=rb-a-$$
b=rb-b-$$
finish() {
  ip netns del $a 2>/dev/null
  ip netns del $b 2>/dev/null
  rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

{ ip netns add $a && ip netns add $b && unshare --uts --mount true; } 2>"$dir/error" ||
  { echo "SKIP: $(head -n 1 "$dir/error")" && exit 77; }
ip link add rbA netns $a type veth peer name rbB netns $b 2>"$dir/error" ||
  { echo "SKIP: $(head -n 1 "$dir/error")" && exit 77; }
ip -n $a addr add 10.231.7.1/24 dev rbA
ip -n $b addr add 10.231.7.2/24 dev rbB
for side in "$a rbA" "$b rbB"; do
  read -r netns device <<<"$side"
  ip -n "$netns" link set lo up
  ip -n "$netns" link set "$device" up
done

printf '127.0.0.1 localhost\n10.231.7.1 hosta\n10.231.7.2 hostb\n' >"$dir/hosts"
# enter NAMESPACE HOST COMMAND...: as if logged in on that host.
cat >"$dir/enter" <<'END'
#!/usr/bin/env bash
namespace=$1 host=$2 dir=$(dirname "$0")
shift 2
exec ip netns exec "$namespace" unshare --uts --mount bash -c '
  mount --make-rprivate / && hostname "$1" && mount --bind "$2/hosts" /etc/hosts || exit 90
  mkdir -p "$2/tmp-$1" && export TMPDIR=$2/tmp-$1
  shift 2
  exec "$@"' - "$host" "$dir" "$@"
END
# The agent that mpirun calls as it would call ssh: agent HOST COMMAND...
cat >"$dir/agent" <<END
#!/usr/bin/env bash
case \$1 in hosta) namespace=$a ;; hostb) namespace=$b ;; *) exit 91 ;; esac
host=\$1
shift
exec "$dir/enter" \$namespace \$host bash -c "\$*"
END
chmod +x "$dir/enter" "$dir/agent"

# on_two_hosts PROGRAM ARGUMENT...: one rank on each.
on_two_hosts() {
  timeout 240 "$dir/enter" $a hosta mpirun --host hosta:1,hostb:1 --mca plm rsh --mca plm_rsh_agent "$dir/agent" \
    --bind-to none --mca oob_tcp_if_include 10.231.7.0/24 --mca btl_tcp_if_include 10.231.7.0/24 \
    --mca btl self,tcp --mca pml ob1 "$@"
}

# Bytes that hosta has received.
received() {
  ip netns exec $a cat /sys/class/net/rbA/statistics/rx_bytes
}

fail() {
  echo "FAILED: $1"
  exit 1
}
. "$RB_SOURCE_DIR/tests/app/same_files.sh"
cd "$dir" || exit 1

on_two_hosts "$1" run ok >output || fail "the stand-in: $(cat output)"
for host in hosta hostb; do
  grep -q "of 2 on $host, sum 2" output || fail "no rank on $host: $(cat output)"
done
mpirun -n 2 "$RB_PROGRAM" run "$RB_SOURCE_DIR/inputs/tiny.cfg" -o one_host --quiet || fail "one host"
before=$(received)
on_two_hosts "$RB_PROGRAM" run "$RB_SOURCE_DIR/inputs/tiny.cfg" -o two_hosts --quiet || fail "two hosts"
bytes=$(($(received) - before))
echo "$bytes bytes went from hostb to hosta"
[ $bytes -gt 100000 ] || fail "the ranks did not talk over the network"
same_files one_host two_hosts

# A worker of each rank, on its own host.
worker=(--set "program.command=\"hostname >&2; exec python3 $RB_SOURCE_DIR/tests/model/worker.py\"" --set program.length=8
  --set sanity.simulations=20 --set training.simulations=200 --set training.validation=40)
input=$RB_SOURCE_DIR/inputs/programs/numpy_damped_oscillator.cfg
mpirun -n 2 "$RB_PROGRAM" simulate "$input" -o workers_one "${worker[@]}" >output 2>&1 || fail "workers on one host: $(tail -n 3 output)"
on_two_hosts "$RB_PROGRAM" simulate "$input" -o workers_two "${worker[@]}" >output 2>&1 || fail "workers on two hosts: $(tail -n 3 output)"
grep -q "^rank 0: hosta" output && grep -q "^rank 1: hostb" output || fail "a worker is not on its rank's host: $(cat output)"
same_files workers_one workers_two
OMPI_MCA_osc=pt2pt,sm on_two_hosts "$RB_PROGRAM" simulate "$input" -o workers_dealt "${worker[@]}" >output 2>&1 ||
  fail "workers on two hosts that share a counter: $(tail -n 3 output)"
! grep -q "no one-sided communication" output || fail "they share no counter: $(cat output)"
same_files workers_one workers_dealt

on_two_hosts "$RB_PROGRAM" scale "$RB_SOURCE_DIR/inputs/tiny.cfg" -o scaling --set scale.repeats=1 --set scale.seconds=0 \
  --set scale.simulations=16 >output || fail "scale: $(tail -n 3 output)"
for word in simulate train calibrate io baseline; do
  [ "$(grep -cE "^$word +strong +[12] " output)" = 2 ] || fail "$word is not on one host and on two"
done
exit 0
