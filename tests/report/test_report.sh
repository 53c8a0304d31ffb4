#!/usr/bin/env bash
# The report of a study: gnuplot has nothing to complain of, odd names do no harm, a missing gnuplot
# or file is said, the page stands alone.
. "$RB_SOURCE_DIR/tests/app/lib.sh"
command -v gnuplot >/dev/null || { echo "skipped: no gnuplot" && exit 77; }
input="$RB_SOURCE_DIR/inputs/tiny.cfg"

# check_page FOLDER IMAGES: the page has so many images, all inside it, and refers to nothing outside.
check_page() {
  local images
  [ -s "$1/report.html" ] || fail "$1: no report.html"
  images=$(grep -c '<img' "$1/report.html")
  [ "$images" = "$2" ] || fail "$1: $images images, expected $2"
  [ "$(grep -c '<img [^>]*src="data:image/[a-z+]*;base64,[A-Za-z0-9+/=]\{100,\}">' "$1/report.html")" = "$2" ] ||
    fail "$1: an image is not a data URI"
  ! grep -qiE '(src|href)="?(https?:|file:|/)|<script|url\(|@import' "$1/report.html" ||
    fail "$1: the page refers to something outside"
  tail -1 "$1/report.html" | grep -q '</html>' || fail "$1: the page is cut off"
  [ -z "$(find "$1" -name '*.tmp')" ] || fail "$1: temporary files are left"
}

# The whole study, in a folder whose name would do harm in a shell or in gnuplot.
folder="a 'b' \"c\" \$(touch pwned) \`touch pwned\`; touch pwned & <b>{x}_é"
LC_ALL=C "$RB_PROGRAM" run "$input" -o "$folder" >out.txt 2>err.txt || fail "run: $(cat err.txt)"
! grep -q . err.txt || fail "warnings: $(cat err.txt)"
grep -q '16 figures' out.txt || fail "not all figures were drawn: $(tail -1 out.txt)"
check_page "$folder" 16
[ -z "$(find . -name pwned)" ] || fail "the folder's name was executed"
grep -q '<h1>Study a .b. &quot;c&quot; .*&lt;b&gt;{x}_é</h1>' "$folder/report.html" ||
  fail "the folder's name is not quoted in the page: $(grep '<h1>' "$folder/report.html")"
if command -v xmllint >/dev/null; then # knows HTML 4's elements and the rules of all
  xmllint --html --noout "$folder/report.html" 2>&1 | grep error |
    grep -vE 'Tag (section|nav|figure|figcaption|details|summary) invalid' >lint.txt
  [ ! -s lint.txt ] || fail "the page: $(head -3 lint.txt)"
fi
[ "$(find "$folder/figures" -name '*.png' -size +4k | wc -l)" = 16 ] || fail "figures are missing"

# The scripts draw the same pictures by themselves, without a word (in a UTF-8 locale).
export LC_ALL=C.UTF-8
cp -r "$folder" plain
cp -r plain/figures before
for script in plain/figures/*.gp; do
  (cd plain/figures && gnuplot "$(basename "$script")") >said.txt 2>&1 || fail "$script: $(cat said.txt)"
  [ ! -s said.txt ] || fail "$script: $(cat said.txt)"
  cmp -s "${script%.gp}.png" "before/$(basename "${script%.gp}").png" || fail "$script draws another picture"
done

# One headline: the loss of the terminal, of the page and of `collect` is one number of one test set,
# which the losses of the regimes average to, and the last validation loss is near it.
terminal=$(sed -n 's/^loss \([-0-9.]*\) +- .*diagnostics set.*/\1/p' out.txt | head -1)
page=$(sed -n 's/.*the loss: <strong>\([-0-9.]*\) ± .*/\1/p' plain/report.html)
"$RB_PROGRAM" collect plain >table.csv || fail "collect"
collected=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "loss") c = i }
                     NR == 2 { printf "%.3f", $c }' table.csv)
[ -n "$terminal" ] && [ "$page" = "$terminal" ] && [ "$collected" = "$terminal" ] ||
  fail "loss: terminal $terminal, page $page, collect $collected"
grep -qi 'log density of the truth [-0-9]\|standardised' out.txt && fail "another headline: $(grep -i standardised out.txt)"
awk '/^diagnostics of the posterior "network"/ { here = 1 } /^diagnostics of the posterior "base/ { here = 0 }
     here && /^(silent|few|bursting) / { sum += $4 * $5; sets += $5 }
     here && /^loss / { loss = $2 }
     END { exit !(sets > 0 && (sum / sets - loss) ^ 2 < 0.001 ^ 2) }' out.txt ||
  fail "the losses of the regimes do not average to the loss"
for row in $(awk '/^(silent|few|bursting) / { print $1 "," $2 "," $5 }' out.txt | head -3); do
  IFS=, read -r regime sets counted <<<"$row"
  grep -q "<td>$regime</td><td>$sets</td>.*<td>$counted</td></tr>" plain/report.html ||
    fail "the page has another regime than the terminal: $row"
done
validation=$(sed -n 's/^train .*validation loss \([-0-9.]*\).*/\1/p' out.txt)
awk "BEGIN { exit !(($validation - $terminal) ^ 2 < 2 ^ 2) }" ||
  fail "validation loss $validation, loss of the calibration $terminal"

# A study of which only the posterior is there: what is missing is said; formats; ranks.
mkdir part && cp plain/posterior.h5 part
rheobase 1 report part 2>err.txt || fail "part: $(cat err.txt)"
check_page part 2
grep -q 'calibration.h5 is missing' part/report.html || fail "the page does not say what is missing"
cp part/report.html one.html
mpirun -n 2 "$RB_PROGRAM" report part --quiet >out.txt 2>&1 || fail "2 ranks: $(cat out.txt)"
cmp one.html part/report.html || fail "the page of 2 ranks differs" # it names no time or rank
rheobase 1 report part --format svg || fail "svg"
check_page part 2
grep -q 'data:image/svg+xml' part/report.html || fail "the page does not show SVG"
rheobase 1 report part --format pdf || fail "pdf"
[ "$(head -c 5 part/figures/pairs.pdf)" = "%PDF-" ] || fail "no PDF"
check_page part 2
rheobase 1 report part --format bmp 2>err.txt
[ $? = 2 ] || fail "--format bmp was accepted"
grep -q 'png, svg or pdf' err.txt || fail "bmp: $(cat err.txt)"

# Without gnuplot: one warning, the page with its tables all the same.
mkdir -p empty_path && ln -s "$(command -v orted)" empty_path/ # which MPI starts
(PATH="$work/empty_path" OMPI_MCA_plm_rsh_agent=/bin/true "$RB_PROGRAM" report plain >out.txt 2>err.txt) || fail "without gnuplot: $(cat err.txt)"
[ "$(wc -l <err.txt)" = 1 ] || fail "not one line without gnuplot: $(cat err.txt)"
grep -q 'warning: gnuplot is not installed' err.txt || fail "without gnuplot: $(cat err.txt)"
check_page plain 0
grep -q 'contraction</th>' plain/report.html || fail "the tables are missing"

# Damaged and missing files.
head -c 3000 plain/calibration.h5 >part/calibration.h5
rheobase 1 report part 2>err.txt && fail "a damaged file was accepted"
[ "$(grep -c 'rheobase: error: .*calibration.h5' err.txt)" = 1 ] || fail "damaged: $(cat err.txt)"
mkdir nothing
rheobase 1 report nothing 2>err.txt && fail "an empty folder was accepted"
grep -q 'nothing to report' err.txt || fail "empty: $(cat err.txt)"
rheobase 1 report absent 2>err.txt && fail "an absent folder was accepted"
[ ! -e absent ] || fail "an absent folder was made"
exit 0
