# Functions for getting packages on Debian and Ubuntu, sourced by the other scripts.
# They never change the machine's apt configuration.

say() { echo "partnerhub: $*"; }
die() { echo "partnerhub: $*" >&2; exit 1; }

# Runs a noisy command, and shows what it said only if it failed.
quiet() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ "$status" != 0 ]; then
    tail -n 25 "$log" >&2
  fi
  rm -f "$log"
  return "$status"
}

is_root() { [ "$(id -u)" = 0 ]; }
has_apt() { command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; }

# Where an ordinary user's packages are unpacked. localpg looks there too.
cache() { echo "${XDG_CACHE_HOME:-${HOME:?is not set}/.cache}/partnerhub"; }

# apt for root: waits for another apt instead of failing.
system_apt() {
  DEBIAN_FRONTEND=noninteractive quiet apt-get -qq -o DPkg::Lock::Timeout=300 "$@"
}

system_install() {
  # Lists may be missing (container images) or out of date (a version that has gone).
  system_apt install -y --no-install-recommends "$@" 2>/dev/null && return
  system_apt update || true # another source's failure is not ours
  system_apt install -y --no-install-recommends "$@"
}

# private_apt DIR: an apt configuration in DIR with lists and cache of its own, which works
# without root and leaves the machine's as they are. Then APT_CONFIG=DIR/apt.conf.
private_apt() {
  mkdir -p "$1/lists/partial" "$1/archives/partial"
  cat >"$1/apt.conf" <<CONF
Dir::State::Lists "$1/lists";
Dir::Cache "$1";
Dir::Cache::Archives "$1/archives";
Dir::Log "$1";
APT::Sandbox::User "$(id -un)";
Debug::NoLocking "true";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
CONF
}

# download_and_unpack DIR ROOT PACKAGE...: the packages, and the libraries among their
# dependencies that this machine lacks, unpacked below ROOT.
download_and_unpack() {
  local dir=$1 root=$2 missing
  shift 2
  missing=$(APT_CONFIG=$dir/apt.conf apt-get install -s --no-install-recommends "$@" | awk '$1 == "Inst" { print $2 }' |
    grep -E '^lib|^fonts-|^fontconfig-config$' | grep -vE '^libllvm|^libclang|-perl$' || true)
  (
    cd "$dir/archives"
    # shellcheck disable=SC2086 # a list of names
    APT_CONFIG=$dir/apt.conf quiet apt-get -qq download "$@" $missing
    for deb in *.deb; do dpkg-deb -x "$deb" "$root"; done
    rm -f -- *.deb
    # As on the system itself, where /lib is /usr/lib.
    if [ -d "$root/lib" ]; then
      cp -a "$root/lib/." "$root/usr/lib/"
      rm -r "$root/lib"
    fi
  )
}
