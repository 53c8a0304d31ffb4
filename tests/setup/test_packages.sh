#!/usr/bin/env bash
# How jobs/setup.sh installs packages, with stand-ins for apt-get, sudo and the like: a lock that another
# process holds is waited for, another failure is not, and whoever may not install is told what to ask for.
. "$RB_SOURCE_DIR/tests/app/lib.sh"
mkdir bin
stand_in() { printf '#!/usr/bin/env bash\n%s\n' "$2" >"bin/$1" && chmod +x "bin/$1"; }
# shellcheck disable=SC2016 # what the stand-ins run
{
  stand_in dpkg-query '[ "${@: -1}" = there ] && echo "install ok installed"'
  stand_in id 'echo "$USER_ID"'
  stand_in sleep 'echo "sleep $1" >>calls.txt'
  stand_in sudo 'echo "sudo" >>calls.txt; exec "$@"'
  stand_in apt-get 'echo "apt-get $*" >>calls.txt
    [ "$LC_ALL" = C ] || exit 9
    case " $* " in *" update "*) failures=$UPDATE_FAILS ;; *) failures=$INSTALL_FAILS ;; esac
    [ "$(grep -c "^apt-get .*${*: -1}" calls.txt)" -gt "$failures" ] || { echo "E: $COMPLAINT" >&2; exit 100; }'
}
lock="Could not get lock /var/lib/apt/lists/lock. It is held by process 17 (apt-get)"

# install USER_ID UPDATE_FAILS INSTALL_FAILS COMPLAINT: its code in $code, what it says in out.txt.
install() {
  rm -f calls.txt
  touch calls.txt
  USER_ID=$1 UPDATE_FAILS=$2 INSTALL_FAILS=$3 COMPLAINT=$4 PATH="${path:-$work/bin:$PATH}" \
    "$BASH" -c '. "$RB_SOURCE_DIR/jobs/setup.sh"; set -eu; rb_install there one two' >out.txt 2>&1
  code=$?
}
calls() { grep -c "$1" calls.txt; }

install 0 0 0 -
[ $code = 0 ] && [ "$(calls .)" = 2 ] || fail "as root: exit $code: $(cat calls.txt out.txt)"
grep -q "install .*one two$" calls.txt || fail "installs something else: $(cat calls.txt)"
install 1000 0 0 -
[ $code = 0 ] && [ "$(calls '^sudo')" = 2 ] || fail "as user: exit $code: $(cat calls.txt out.txt)"

install 0 3 2 "$lock"
[ $code = 0 ] || fail "a lock for a while: exit $code: $(cat out.txt)"
[ "$(calls '^apt-get')" = 7 ] && [ "$(calls '^sleep')" = 5 ] || fail "a lock for a while: $(cat calls.txt)"
[ "$(grep -c 'holds the lock' out.txt)" = 2 ] || fail "does not say that it waits: $(cat out.txt)"
install 0 9999 9999 "$lock"
[ $code = 1 ] && [ "$(calls '^sleep')" -lt 300 ] || fail "a lock for ever: exit $code after $(calls '^sleep') waits"

install 0 9999 0 "The repository 'http://example.org' does not have a Release file."
[ $code = 0 ] && [ "$(calls '^sleep')" = 0 ] || fail "old lists: exit $code: $(cat calls.txt out.txt)"
grep -q "does not have a Release file" out.txt || fail "keeps apt-get's words for itself: $(cat out.txt)"
install 0 0 9999 "Unable to locate package one"
[ $code = 1 ] && grep -q "Unable to locate package one" out.txt && grep -q "^  apt-get install one two$" out.txt ||
  fail "no such package: exit $code: $(cat out.txt)"

# Without sudo: of the usual folders only what the script needs.
mkdir none
for tool in grep mktemp cat rm env bash; do ln -s "$(command -v $tool)" none; done
cp bin/* none
rm none/sudo
path=$work/none install 1000 0 0 -
[ $code = 1 ] && [ "$(calls '^apt-get')" = 0 ] && grep -q "^  apt-get install one two$" out.txt ||
  fail "without sudo: exit $code: $(cat calls.txt out.txt)"
exit 0
