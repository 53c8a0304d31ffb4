#!/usr/bin/env bash
# A clock that is set back while the program runs, odd time zones, and a locale with decimal commas:
# the same files, and a report with the same scripts. RB_CLOCK is the library with the clock.
. "$(dirname "$0")/lib.sh"
study=(--set training.simulations=64)
run_stage 1 run whole
expect_success "the study"
grep -q "[0-9]\.[0-9]" whole/figures/*.gp || fail "no decimal points in the figures' scripts?"

same_study() { # FOLDER WHAT
  expect_success "$2"
  [ ! -s err.txt ] || ! grep -q "^rheobase" err.txt || fail "$2: $(cat err.txt)"
  same_files whole "$1"
  for script in whole/figures/*.gp; do
    cmp "$script" "$1/figures/$(basename "$script")" || fail "$2: $script differs"
  done
}

mkdir locales
if localedef -i de_DE -f UTF-8 locales/de_DE.UTF-8 >locale.txt 2>&1; then
  export LOCPATH=$work/locales
  LC_ALL=de_DE.UTF-8 bash -c 'printf "%.1f\n" 1,5 2>/dev/null' | grep -q "1,5" || fail "no decimal comma"
  LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 LC_NUMERIC=de_DE.UTF-8 run_stage 1 run comma
  same_study comma "decimal commas"
  unset LOCPATH
else
  echo "no locale with decimal commas: $(head -1 locale.txt)"
fi

export LD_PRELOAD=$RB_CLOCK
run_stage 1 run clock
unset LD_PRELOAD
same_study clock "a clock that goes back"

TZ=Nowhere/Nothing+99 LC_ALL=xx_YY.nothing run_stage 1 run zone
same_study zone "no such time zone and locale"
exit 0
