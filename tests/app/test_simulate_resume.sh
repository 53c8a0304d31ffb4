#!/usr/bin/env bash
# No simulation is made twice: after the simulator has failed, after a stop, and when a study is made
# larger, simulating goes on where it was, on any number of ranks, and the file is that of one go.
. "$(dirname "$0")/lib.sh"

# Notes every seed it simulates; fails once it has noted as many as `fails_at` says, and waits while there is a file
# `holds_at` and it has noted as many as that says.
cat >slow.py <<'END'
import array, os, signal, sys, time

inp, out = open(3, "rb"), open(4, "wb")
limit, hold = (int(open(name).read()) if os.path.exists(name) else 1 << 30 for name in ("fails_at", "holds_at"))
while line := inp.readline():
    n, d = map(int, line.split())
    theta = array.array("d", inp.read(8 * n * d))
    for i, seed in enumerate(array.array("Q", inp.read(8 * n))):
        with open("seeds.txt", "a+") as seeds:
            seeds.seek(0)
            noted = len(seeds.readlines())
            if noted >= limit:
                sys.exit(3)
            while noted >= hold and os.path.exists("holds_at"):
                time.sleep(0.001)
            print(seed, file=seeds)
        if os.path.exists("hang"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(1000)
        time.sleep(0.005)
        out.write(array.array("f", [theta[i * d] + seed % 1000 * k for k in range(4)]).tobytes())
    out.flush()
END
cat >slow.cfg <<'END'
model = "program";
program = { command = "python3 slow.py"; channels = ["level"]; length = 4; restarts = 0; batch = 1; };
prior = { a = { distribution = "normal"; mean = 0; sd = 1; }; };
sanity = { simulations = 10; prior_draws = 50; };
training = { simulations = 100; validation = 20; };
END
# left FOLDER [FILE]: whether it holds that file alone, beside the parameters that were failed for.
left() { [ "$(ls "$1" | grep -v '^failed_rank_[0-9]*.csv$')" = "${2:-}" ]; }
# parts FOLDER, and rows FOLDER GROUP: data sets that each part of a stopped simulation has.
parts() { ls -v "$1"/simulations.partial*.h5; }
rows() {
  for part in $(parts "$1"); do
    h5ls -r "$part" | awk -v path="/$2/theta" '$1 == path {print $3}' | sed 's/{//; s#[/,].*##'
  done
}
# kept FOLDER: data sets of all groups that its parts have.
kept() { { for group in shape_check training validation; do rows "$1" $group; done && echo 0; } | paste -sd+ | bc; }
once() { [ -z "$(sort seeds.txt | uniq -d)" ] || fail "$1: simulated twice: $(sort seeds.txt | uniq -d | wc -l)"; }

rheobase 1 simulate slow.cfg -o whole || fail "simulate: exit $?"
[ "$(wc -l <seeds.txt)" = 130 ] || fail "simulates $(wc -l <seeds.txt) data sets"

echo "-- the simulator fails"
rm seeds.txt
echo 0 >fails_at
expect_failure 10 "ended with exit code 3" 2 simulate slow.cfg -o failed
left failed || fail "left over: $(ls failed)"
echo 70 >fails_at
expect_failure 10 "ended with exit code 3" 2 simulate slow.cfg -o failed
left failed simulations.partial.h5 || fail "left over: $(ls failed)"
h5dump failed/simulations.partial.h5 >/dev/null || fail "the partial file cannot be read"
rm fails_at
noted=$(wc -l <seeds.txt)
behind=$((noted - $(kept failed))) # what the other rank had made behind the item that failed is made again
[ $behind -lt 60 ] || fail "a failure leaves nothing of the training"
rheobase 3 simulate slow.cfg -o failed || fail "goes on after a failure: exit $?"
[ "$(sort seeds.txt | uniq -d | wc -l)" = $behind ] || fail "after a failure: not the $behind behind it are simulated twice"
sort -u seeds.txt -o seeds.txt
[ "$(wc -l <seeds.txt)" = 130 ] || fail "after a failure: $(wc -l <seeds.txt) data sets instead of 130"
left failed simulations.h5 || fail "left over: $(ls failed)"
same_files whole failed

echo "-- a larger study, and a smaller one"
rheobase 2 simulate slow.cfg -o failed --set training.simulations=150 --set training.validation=10 || fail "larger: exit $?"
once "larger"
[ "$(wc -l <seeds.txt)" = 180 ] || fail "larger: $(wc -l <seeds.txt) data sets instead of 180"
rm -r whole
rheobase 1 simulate slow.cfg -o whole --set training.simulations=150 --set training.validation=10 || fail "simulate"
same_files whole failed
rm seeds.txt
rheobase 2 simulate slow.cfg -o failed --set training.simulations=33 || fail "smaller: exit $?"
[ "$(wc -l <seeds.txt)" = 10 ] || fail "smaller: $(wc -l <seeds.txt) data sets instead of the 10 of the validation"
expect_failure 6 "prior.a.mean was 0 and is 1 now" 2 simulate slow.cfg -o failed --set prior.a.mean=1

echo "-- stops"
# stops_at SEEDS: a stop once so many have been simulated, by a signal to one rank.
stops_at() {
  touch seeds.txt
  echo "$1" >holds_at
  mpirun -n 2 "$RB_PROGRAM" simulate slow.cfg -o stopped --set training.simulations=700 >out.txt 2>err.txt &
  for _ in $(seq 10000); do
    [ "$(wc -l <seeds.txt)" -lt "$1" ] || break
    sleep 0.01
  done
  kill -USR1 "$(pgrep -P $! -f "$RB_PROGRAM" | head -1)"
  rm holds_at
  wait $!
  code=$?
  [ $code = 85 ] && grep -q "stopped by a signal while simulating" err.txt || fail "stop: exit $code: $(cat err.txt)"
}
rm seeds.txt
stops_at 150
first=$(sha256sum stopped/simulations.partial.h5)
stops_at 300
stops_at 450
expect_failure 6 "stopped/simulations.partial.h5 is of another study: prior.[a-z]+.sd was .* and is 3 now; use another folder, or --force" \
  2 simulate slow.cfg -o stopped --set training.simulations=700 --set prior.a.sd=3
[ "$(parts stopped | wc -l)" = 3 ] || fail "three stops leave $(ls stopped)"
[ "$(sha256sum stopped/simulations.partial.h5)" = "$first" ] || fail "what was there is written again"
[ "$(rows stopped training | sed -n 2p)" -lt 300 ] || fail "a part has $(rows stopped training | sed -n 2p) rows"
[ "$(kept stopped)" = "$(wc -l <seeds.txt)" ] || fail "of $(wc -l <seeds.txt) are kept $(kept stopped)"
once "stopped"

echo "-- a stop while all parts are put together, and a smaller study"
cp -r stopped smaller
cp seeds.txt kept.txt
RB_STOP_IN=H5Dread LD_PRELOAD=$RB_STOP_WITHIN "$RB_PROGRAM" simulate slow.cfg -o stopped --set training.simulations=700 >out.txt 2>&1 ||
  fail "stopped while copying: exit $?: $(cat out.txt)"
left stopped simulations.h5 || fail "left over: $(ls stopped)"
[ "$(h5ls stopped/simulations.h5/training/theta | grep -c '{700, 1}')" = 1 ] || fail "not 700 rows"
once "put together"
mv kept.txt seeds.txt
rheobase 1 simulate slow.cfg -o smaller --set training.simulations=150 --set training.validation=10 || fail "smaller: exit $?"
once "after stops"
same_files whole smaller

echo "-- a larger study that is stopped keeps the validation of the smaller one"
rm -r smaller stopped seeds.txt
echo 125 >fails_at
expect_failure 10 "ended with exit code 3" 2 simulate slow.cfg -o stopped # in the validation
rm fails_at
stops_at 200
rheobase 2 simulate slow.cfg -o stopped --set training.simulations=150 --set training.validation=10 || fail "goes on: exit $?"
[ "$(wc -l <seeds.txt)" -lt 260 ] || fail "simulates $(wc -l <seeds.txt) data sets"
once "with the validation"
same_files whole stopped

echo "-- killed at random moments, with workers that hang and such that do not"
cp slow.py killed.py
killed=(slow.cfg --set training.simulations=1600 --set "program.command=\"python3 $work/killed.py\"")
for kill in 1 2; do
  mpirun -n 2 "$RB_PROGRAM" simulate "${killed[@]}" -o killed --set checkpoint.minutes=0.001 >out.txt 2>&1 &
  for _ in $(seq 300); do
    [ "$(ls killed/simulations.partial*.h5 2>/dev/null | wc -l)" -lt $kill ] || break
    sleep 0.1
  done
  [ $kill = 1 ] || touch hang
  sleep "0.$((RANDOM % 900 + 100))"
  pkill -KILL -P $! -f "$RB_PROGRAM"
  wait $! && break # it may have been faster
  rm -f hang
  for _ in $(seq 600); do
    pgrep -f "$work/killed.py" >/dev/null || break
    sleep 0.1
  done
  ! pgrep -f "$work/killed.py" >/dev/null || fail "a worker outlives its rank: $(pgrep -af "$work/killed.py")"
  for part in $(parts killed); do h5dump "$part" >/dev/null || fail "$part cannot be read"; done
done
[ "$(parts killed 2>/dev/null | wc -l)" -ge 2 ] || fail "no parts: $(ls killed)"
left=$((1630 - $(kept killed)))
rm seeds.txt
rheobase 2 simulate "${killed[@]}" -o killed || fail "goes on after kills: exit $?"
[ "$(wc -l <seeds.txt)" = $left ] || fail "kills left $left to do, and $(wc -l <seeds.txt) were simulated"
left killed simulations.h5 || fail "left over: $(ls killed)"
rheobase 4 simulate "${killed[@]}" -o unbroken || fail "simulate: exit $?"
same_files unbroken killed
exit 0
