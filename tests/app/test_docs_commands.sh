#!/usr/bin/env bash
# The commands of README.md and docs/*.md, without their work: each is a command of the program with
# options that it takes, its settings are accepted, and the files of the project it names are there.
. "$(dirname "$0")/lib.sh"
export OMPI_MCA_ess_singleton_isolated=1 # no daemon beside each of the processes
export OMPI_MCA_orte_tmpdir_base=$work   # another test's process that ends would remove the folder of all
cd "$RB_SOURCE_DIR" || exit 1
pages=(README.md docs/*.md)

# Indented blocks that begin like commands, and inline code: a command in one or more lines, then a line
# "#end PAGE:LINE". A prompt "$ " tells commands from what they print; <...> stands for a word.
awk '
  function close_block() { if (block ~ begins) print block "\n#end " page ":" first; block = "" }
  BEGIN { begins = "(^|\n)([A-Z_]+=[^ ]+ )*(rheobase|mpirun|taskset|sbatch|jobs/[a-z_]+[.]sh|for [a-z]+ in) " }
  FNR == 1 { close_block(); page = FILENAME }
  /^    / && (block != "" || blank) {
    line = substr($0, 5)
    if (block == "") { first = FNR; prompt = line ~ /^\$ / }
    if (prompt && line !~ /^\$ /) next
    block = block (block == "" ? "" : "\n") (prompt ? substr(line, 3) : line)
    next
  }
  { close_block(); blank = $0 == "" }
  {
    count = split($0, code, "`")
    for (i = 2; i < count; i += 2)
      if (code[i] ~ /^([A-Z_]+=[^ ]+ )*(mpirun [^`]*)?rheobase [a-z]/) print code[i] "\n#end " FILENAME ":" FNR
  }
  END { close_block() }' "${pages[@]}" | sed -E 's/<[a-z ]+>/word/g' >"$work/commands"

missing=$(grep -v '^#' "$work/commands" | grep -oE '(^|[ "'\''])(inputs|jobs|tests|docs)/[A-Za-z0-9_./]+' | tr -d "\"' " | sort -u |
  while read -r file; do [ -e "$file" ] || echo "$file"; done)
[ -z "$missing" ] || fail "the docs name what is not there: $missing"

# What the commands are here.
wrong() { echo "$where: $*" >>"$work/wrong"; }
path=$PATH
program() { (PATH=$path && unset RB_KERNEL && "$RB_PROGRAM" "$@" 2>&1 >/dev/null); }
rheobase() {
  local said settings=() input='' word words=("$@")
  said=$(program "$@" --help) || wrong "rheobase $*: $said"
  while [ $# -gt 0 ]; do
    if [ "$1" = --set ]; then settings+=(--set "$2") && shift; fi
    shift
  done
  [ ${#settings[@]} -gt 0 ] || return 0
  for word in "${words[@]}"; do # an input that is not there, such as one the reader writes, is the default one here
    for word in "$word" "inputs/programs/$word"; do
      case $word in *.cfg) [ ! -e "$RB_SOURCE_DIR/$word" ] || input=$RB_SOURCE_DIR/$word ;; esac
    done
  done
  said=$(program config ${input:+"$input"} "${settings[@]}") || wrong "rheobase ${words[*]}: $said"
}
launch() { # of mpirun, taskset and sbatch: what they start, if that is the program
  while [ $# -gt 0 ]; do
    case $1 in
      rheobase) "$@" && return ;;
      *study.sbatch) shift && rheobase "$@" && return ;;
      *scaling.sbatch) shift && rheobase scale "$@" && return ;;
    esac
    shift
  done
}
mpirun() { launch "$@"; }
taskset() { launch "$@"; }
sbatch() { launch "$@"; }
command_not_found_handle() { :; }

mkdir "$work/docs"
: >"$work/wrong"
cd "$work" || exit 1
tried=0
text=
while IFS= read -r line; do
  if [ "${line%% *}" != "#end" ]; then
    text+=$line$'\n'
    continue
  fi
  where=${line#\#end }
  (PATH=/nowhere && eval "$text") >/dev/null 2>said.txt </dev/null
  if grep -v "No such file or directory" said.txt >shell.txt; then wrong "$(head -3 shell.txt)"; fi
  tried=$((tried + 1))
  text=
done <commands
[ ! -s wrong ] || fail "$(cat wrong)"
[ $tried -gt 80 ] || fail "only $tried commands were found"
echo "$tried commands and blocks of commands"
