# An ensemble: the same bits on 1 to 4 ranks, that is trained in 1 to 3 groups of ranks, and after an
# interruption; a network that is there already becomes its first member.
. "$(dirname "$0")/lib.sh"
input="$RB_SOURCE_DIR/inputs/tiny.cfg"
three="--set training.ensemble=3"
checkpoints="checkpoint.h5 checkpoint_member_2.h5 checkpoint_member_3.h5"

# study RANKS FOLDER STAGE...: from what is simulated in base.
study() {
  local ranks=$1 folder=$2 stage
  shift 2
  mkdir -p "$folder" && cp base/simulations.h5 "$folder"
  for stage in "$@"; do
    rheobase "$ranks" $stage "$input" -o "$folder" $three >out.txt 2>&1 ||
      fail "$stage on $ranks ranks: $(tail -3 out.txt)"
  done
}

rheobase 1 simulate "$input" -o base >out.txt 2>&1 || fail "simulate: $(tail -3 out.txt)"
rheobase 1 train "$input" -o base >out.txt 2>&1 || fail "train: $(tail -3 out.txt)"
mkdir grown && cp base/checkpoint.h5 grown
cp base/checkpoint.h5 first.h5
study 1 grown train calibrate infer
cmp first.h5 grown/checkpoint.h5 || fail "the network that was there was trained again"
study 2 ranks2 train calibrate
study 3 ranks3 train
study 4 ranks4 train calibrate infer
for ranks in 2 3 4; do same_files "ranks$ranks" grown; done
for file in $checkpoints calibration.h5 calibration_member_1.h5 calibration_member_2.h5 \
  calibration_member_3.h5 posterior.h5; do
  [ -e "grown/$file" ] && [ -e "ranks4/$file" ] || fail "no $file"
done

# Members differ, and a log density cannot be worse than theirs on average (Jensen).
if h5diff grown/checkpoint.h5 grown/checkpoint_member_2.h5 /weights /weights >/dev/null; then
  fail "two members have the same weights"
fi
"$RB_PROGRAM" calibrate "$input" -o grown $three --force >out.txt 2>&1 || fail "calibrate: $(tail -3 out.txt)"
awk '/^member [0-9]/ {sum += $3; n += 1} /^mixture/ {mixture = $2}
     END {exit !(n == 3 && mixture > sum / n - 0.001)}' out.txt || fail "scores: $(grep -A4 ^ensemble out.txt)"
same_files ranks2 grown

# The later stages take the mixture.
for stage in predict refine; do
  rheobase 1 $stage "$input" -o grown $three --set exact.datasets=2 --set exact.draws=200 \
    --set exact.short_steps=40 --set exact.long_steps=128 >out.txt 2>&1 || fail "$stage: $(tail -3 out.txt)"
done
mkdir page && cp grown/calibration*.h5 page
rheobase 1 report page >out.txt 2>&1 || fail "report: $(tail -3 out.txt)"
grep -q '<td>member 3</td>' page/report.html || fail "the page does not show the members"

# A member of another training is not mixed in; a missing one is missed.
cp -r grown mixed
rheobase 1 simulate "$input" -o other --set seed=46 >out.txt 2>&1 || fail "simulate: $(tail -3 out.txt)"
rheobase 1 train "$input" -o other $three --set seed=46 >out.txt 2>&1 || fail "train: $(tail -3 out.txt)"
cp other/checkpoint_member_2.h5 mixed
expect_failure 6 "checkpoint_member_2.h5: was trained with other settings" 2 calibrate "$input" -o mixed $three --force
cp grown/checkpoint_member_3.h5 mixed/checkpoint_member_2.h5
expect_failure 6 "is of member 3 of an ensemble, not 2" 2 calibrate "$input" -o mixed $three --force
rm mixed/checkpoint_member_2.h5
expect_failure 4 "checkpoint_member_2.h5 cannot be opened: run .rheobase train" 2 infer "$input" -o mixed $three

# Ended early: the steps that were made are told, and the loss of the weights that are used.
mkdir early && cp base/simulations.h5 early
"$RB_PROGRAM" train "$input" -o early --set training.epochs=200 --set training.learning_rate=0.05 --set training.patience=2 \
  --set 'training.keep="best"' >out.txt 2>&1 || fail "train: $(tail -3 out.txt)"
epochs=$(grep -c '^epoch' out.txt)
loss=$(sed -n 's/^epoch.*validation loss \([^,]*\),.*/\1/p' out.txt | sort -g | head -1)
[ "$epochs" -lt 200 ] || fail "the training did not end early"
grep -qE "^train +$((4 * epochs)) steps in .*, validation loss $loss at best, no lower one in 2 epochs$" out.txt ||
  fail "after $epochs epochs, the best with $loss: $(tail -1 out.txt)"

# Stopped in the middle, in three groups, and finished in one: the same networks.
long="--set training.epochs=60 --set training.batch_size=2 --set training.micro_batch=2"
mkdir whole stopped && cp base/simulations.h5 whole && cp base/simulations.h5 stopped
rheobase 1 train "$input" -o whole $three $long >out.txt 2>&1 || fail "train: $(tail -3 out.txt)"
mpirun -n 3 "$RB_PROGRAM" train "$input" -o stopped $three $long >stopped.txt 2>&1 &
stop_once $! "^epoch 2/" stopped.txt
[ $code = 85 ] || fail "exit code $code: $(tail -3 stopped.txt)"
[ "$(grep -c 'rheobase: error:' stopped.txt)" = 1 ] || fail "not one error line: $(cat stopped.txt)"
grep -q "3 members in 3 groups" stopped.txt || fail "no groups: $(head -3 stopped.txt)"
rheobase 2 train "$input" -o stopped $three $long >out.txt 2>&1 || fail "resumed: $(tail -3 out.txt)"
same_files whole stopped

echo "-- what a simulator fails for bears the rank among all"
cc -I"$RB_SOURCE_DIR/include" -DFAULT=LATE -O0 -w -shared -fPIC -o late.so "$RB_SOURCE_DIR/tests/app/plugins/faulty.c" ||
  fail "faulty.c does not build"
echo 'model = "plugin"; plugin = { path = "./late.so"; }; training = { simulations = 64; validation = 16; mode = "online"; };
network = { density = "autoregressive"; };' >late.cfg
rheobase 2 simulate late.cfg -o late || fail "simulate: exit $?"
touch fails_now
expect_failure 10 "the simulator gave level = -?nan .*failed_rank_[01].csv" 2 train late.cfg -o late --set training.ensemble=2
[ -e late/failed_rank_0.csv ] && [ -e late/failed_rank_1.csv ] || fail "not a file of each rank: $(ls late)"
exit 0
