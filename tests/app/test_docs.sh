# docs/input.md is what `rheobase config --markdown` prints. `bash test_docs.sh update` (with
# RB_PROGRAM and RB_SOURCE_DIR set) writes it anew.
set -euo pipefail
page=$RB_SOURCE_DIR/docs/input.md
if [ "${1:-}" = update ]; then
  "$RB_PROGRAM" config --markdown > "$page"
elif ! "$RB_PROGRAM" config --markdown | diff "$page" -; then
  echo "docs/input.md is not current: rheobase config --markdown > docs/input.md"
  exit 1
fi
