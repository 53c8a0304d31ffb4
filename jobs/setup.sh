# Functions of quickstart.sh and check.sh: packages and builds. Sourced after environment.sh, not run.

RB_PACKAGES="gcc libc6-dev make cmake pkg-config openmpi-bin libopenmpi-dev libhdf5-openmpi-dev hdf5-tools
  libscalapack-openmpi-dev libgsl-dev libopenblas-dev librandom123-dev libconfig-dev libmuparser-dev
  gnuplot-nox"
RB_TEST_PACKAGES="git libcmocka-dev clang clang-format clang-tidy libclang-rt-14-dev valgrind doxygen gcovr
  python3-h5py python3-xarray python3-h5netcdf slurm-wlm munge iproute2 procps locales"

# rb_install PACKAGE...: installs what is missing, on Debian and Ubuntu; elsewhere the libraries
# must be there (modules), and cmake says which are not.
rb_install() {
  command -v apt-get >/dev/null || return 0
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  echo "Installing ${missing[*]}"
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# rb_have_libraries: whether the program can be configured without installing anything.
rb_have_libraries() {
  command -v cmake >/dev/null && command -v mpicc >/dev/null && command -v pkg-config >/dev/null &&
    cmake -S "$1" -B "$2" -DRB_TESTS=OFF >/dev/null 2>&1
}

# rb_build FOLDER [CMAKE OPTION...]: configures and builds, quietly unless it fails.
rb_build() {
  local folder=$1
  shift
  mkdir -p "$folder"
  if ! { cmake -S . -B "$folder" "$@" && cmake --build "$folder" --parallel "$(rb_cores)"; } >"$folder/build.log" 2>&1; then
    grep -E 'error|Error|warning|Could NOT' "$folder/build.log" | head -30 >&2
    echo "The build failed; the whole log is $folder/build.log" >&2
    return 1
  fi
}
