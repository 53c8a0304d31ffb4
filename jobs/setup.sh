# Functions of quickstart.sh and check.sh: packages and builds. Sourced after environment.sh, not run.

RB_PACKAGES="gcc libc6-dev make cmake pkg-config openmpi-bin libopenmpi-dev libhdf5-openmpi-dev hdf5-tools
  libscalapack-openmpi-dev libgsl-dev libopenblas-dev librandom123-dev libconfig-dev libmuparser-dev
  gnuplot-nox"
RB_TEST_PACKAGES="git libcmocka-dev clang clang-format clang-tidy libclang-rt-14-dev valgrind doxygen gcovr
  python3-h5py python3-xarray python3-h5netcdf slurm-wlm munge iproute2 procps locales"

# rb_apt ARGUMENT...: apt-get as root. Waits while another process holds one of its locks, as cloud
# machines do after their start (DPkg::Lock::Timeout does not cover that of the lists).
rb_apt() {
  local sudo='' seconds=0 code=0 log
  [ "$(id -u)" = 0 ] || sudo=sudo
  log=$(mktemp)
  until $sudo env LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >/dev/null 2>"$log"; do
    if [ $seconds -ge 600 ] || ! grep -q 'Could not get lock' "$log"; then
      cat "$log" >&2
      code=1
      break
    fi
    [ $seconds -gt 0 ] || echo "Another process holds the lock of apt-get $1: waiting for up to ten minutes" >&2
    sleep 5
    seconds=$((seconds + 5))
  done
  rm -f "$log"
  return $code
}

# rb_install PACKAGE...: installs what is missing, on Debian and Ubuntu; elsewhere the libraries
# must be there (modules), and cmake says which are not. Where it cannot, it says what is missing.
rb_install() {
  command -v apt-get >/dev/null || return 0
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "Installing ${missing[*]}"
  if [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; then
    rb_apt update || echo "The lists of packages stay as they were" >&2
    rb_apt install -y --no-install-recommends "${missing[@]}" && return
  fi
  echo "They could not be installed. Let root do it:
  apt-get install ${missing[*]}
or load modules that hold the same (jobs/environment.sh); then start this again" >&2
  return 1
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
