#!/usr/bin/env bash
# CMake configures in a folder with blanks, quotes and parentheses in its path, and without cmocka leaves
# the tests out and says so.
. "$RB_SOURCE_DIR/tests/app/lib.sh"
copy() { # FOLDER: the sources, to be configured there
  mkdir -p "$1"
  cp -r "$RB_SOURCE_DIR"/{CMakeLists.txt,cmake,src,include} "$1"
}
cat >no_cmocka <<'EOF'
#!/bin/sh
case " $* " in *cmocka*) exit 1 ;; esac
exec pkg-config "$@"
EOF
chmod +x no_cmocka

folder="it's a (new) folder & more"
copy "$folder"
PKG_CONFIG=$work/no_cmocka cmake -S "$folder" -B "$folder/build" >out.txt 2>err.txt || fail "configure: $(tail -20 err.txt)"
grep -q "cmocka is not there .*libcmocka-dev" err.txt || fail "does not say why there are no tests: $(cat err.txt)"
make -C "$folder/build" src/base/status.o >out.txt 2>&1 || fail "build: $(tail -5 out.txt)"
find "$folder/build" -name status.c.o | grep -q . || fail "nothing was built: $(tail -5 out.txt)"

copy 'a "quoted" folder'
cmake -S 'a "quoted" folder' -B 'a "quoted" folder/build' >out.txt 2>err.txt && fail "double quotes are taken"
grep -q "cannot build in a folder with" err.txt || fail "double quotes: $(head -5 err.txt)"
exit 0
