#!/usr/bin/env bash
# Runs every test, on a bare Debian too: installs and starts what the tests need, and leaves alone what is there.
#
#   ./test.sh                everything: linters, unit, contract and end-to-end tests
#   ./test.sh --fast         without the end-to-end tests
#   ./test.sh --thorough     every boundary of every crash matrix, and a million rows where usually there are fewer
#   ./test.sh --check        the linters and type checker alone
#   ./test.sh tests/e2e -k NAME   anything else goes to pytest; paths replace the default ones
#
# Each distribution's tests run in an environment of their own, so that none leans on another. The closing line
# is pytest's, with the sums.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

readonly VENV=$PWD/.venv
readonly TOOLS=("pytest>=8,<10" "pytest-timeout>=2.3" "ruff>=0.8" "mypy>=1.13" "import-linter>=2.1" hatchling editables)
readonly ALONE=("pytest>=8,<10" "pytest-timeout>=2.3" hatchling editables)
# No single test is meant to take this long; one that hangs must not take the others with it.
readonly TEST_LIMIT=600

fast=no check_only=no
roots=() arguments=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --fast) fast=yes ;;
    --thorough) export DOKKUPY_THOROUGH=1 ;;
    --check) check_only=yes ;;
    -k | -m | -n | -p | --timeout)
      arguments+=("$1" "$2")
      shift
      ;;
    -*) arguments+=("$1") ;;
    *) if [[ -e ${1%%::*} ]]; then roots+=("$1"); else arguments+=("$1"); fi ;;
  esac
  shift
done

step() { printf -- '-----> %s\n' "$*"; }
die() {
  printf ' !     %s\n' "$@" >&2
  exit 1
}
have() { command -v -- "$1" >/dev/null 2>&1; }
export PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

install_packages() {
  local -a missing=()
  local log
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || missing+=(ca-certificates)
  python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || missing+=(python3 python3-venv)
  have git || missing+=(git)
  have curl || missing+=(curl)
  if [[ $check_only == no ]]; then
    have ssh-keygen || missing+=(openssh-client)
    [[ -x /usr/sbin/sshd ]] || missing+=(openssh-server)
    have nginx || missing+=(nginx-light)
    have socat || missing+=(socat)
    have restic || missing+=(restic)
    [[ -x /usr/sbin/visudo ]] || missing+=(sudo)
    have dockerd || docker info >/dev/null 2>&1 || missing+=(docker.io)
    have iptables || missing+=(iptables)
    have debootstrap || missing+=(debootstrap)
    # A whole user land in one static file: the smallest image that a build can run commands in.
    have busybox || missing+=(busybox-static)
    # An ACME authority of one's own.
    have pebble || missing+=(pebble)
  fi
  [[ ${#missing[@]} -gt 0 ]] || return 0
  step "Installing ${missing[*]}"
  [[ $(id -u) == 0 ]] || die "These packages are missing and only root can install them: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  # RUNLEVEL=1: the tests start servers of their own; the packages' must not take port 80 or 22 here.
  if ! { apt-get -q -o DPkg::Lock::Timeout=300 update &&
    RUNLEVEL=1 apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
    tail -n 30 "$log" >&2
    die "apt-get could not install ${missing[*]}"
  fi
  rm -f "$log"
}

start_docker() {
  local attempt
  docker info >/dev/null 2>&1 && return
  step "Starting dockerd"
  if [[ -d /run/systemd/system ]]; then
    systemctl start docker
  else
    (
      # Two test runs must not start two.
      flock 9
      docker info >/dev/null 2>&1 ||
        start-stop-daemon --start --background --oknodo --make-pidfile --pidfile /run/dokkupy-dockerd.pid \
          --output /var/log/dockerd.log --exec "$(command -v dockerd)" 9>&-
      for attempt in $(seq 150); do
        docker info >/dev/null 2>&1 9>&- && break
        sleep 0.2
      done
      : "$attempt"
    ) 9>/run/lock/dokkupy-dockerd.lock
  fi
  docker info >/dev/null 2>&1 || die "dockerd does not answer; see /var/log/dockerd.log"
}

# The distributions, editable, with the tools; again only when a declaration changed.
prepare_environment() {
  local stamp folder
  local -a folders=()
  if [[ -z ${PIP_CERT:-} ]]; then export PIP_CERT=/etc/ssl/certs/ca-certificates.crt; fi
  for folder in core plugin_sdk plugins_builtin/* examples/plugins/*; do
    if [[ -f $folder/pyproject.toml ]]; then folders+=(-e "./$folder"); fi
  done
  stamp=$({ printf '%s\n' "$PWD" "${TOOLS[@]}" && cat core/pyproject.toml plugin_sdk/pyproject.toml plugins_builtin/*/pyproject.toml examples/plugins/*/pyproject.toml; } | sha256sum)
  if [[ -e $VENV/stamp && $(cat "$VENV/stamp") == "$stamp" ]]; then return 0; fi
  step "Preparing $VENV"
  [[ -x $VENV/bin/python ]] || python3 -m venv "$VENV"
  "$VENV/bin/python" -m pip --disable-pip-version-check install -q "${TOOLS[@]}"
  "$VENV/bin/python" -m pip --disable-pip-version-check install -q --no-build-isolation "${folders[@]}"
  printf '%s' "$stamp" >"$VENV/stamp"
}

# An environment of a distribution's own: core, SDK, it, and what they declare, so that an undeclared dependency shows.
# Prints its Python. Tests that belong to no distribution run where everything is.
python_of() {
  local folder=$1 name own stamp needed
  while [[ $folder != . && $folder != / && ! -f $folder/pyproject.toml ]]; do folder=$(dirname -- "$folder"); done
  if [[ ! $folder =~ ^(core|plugin_sdk|plugins_builtin/[^/]+|examples/plugins/[^/]+)$ ]]; then
    echo "$VENV/bin/python"
    return
  fi
  name=${folder//\//-}
  own=$VENV/alone/$name
  stamp=$(cat core/pyproject.toml plugin_sdk/pyproject.toml "$folder/pyproject.toml" | sha256sum)
  if [[ ! -e $own/stamp || $(cat "$own/stamp") != "$stamp" ]]; then
    step "Preparing $own" >&2
    rm -rf -- "$own"
    python3 -m venv "$own"
    "$own/bin/python" -m pip --disable-pip-version-check install -q "${ALONE[@]}"
    local -a wanted=(-e ./core -e ./plugin_sdk)
    if [[ $folder == plugin_sdk ]]; then wanted=(-e ./core -e "./plugin_sdk[certificates]"); fi
    for needed in $(sed -n '/^\(dependencies\|testing\)/s/dokkupy-sdk//g; /^\(dependencies\|testing\)/p' "$folder/pyproject.toml" |
      grep -oE '"dokkupy-[a-z-]+' | sed 's/"dokkupy-//'); do
      if [[ -d plugins_builtin/$needed ]]; then wanted+=(-e "./plugins_builtin/$needed"); fi
    done
    if [[ $folder != core && $folder != plugin_sdk ]]; then wanted+=(-e "./$folder[testing]"); fi
    "$own/bin/python" -m pip --disable-pip-version-check install -q --no-build-isolation "${wanted[@]}"
    printf '%s' "$stamp" >"$own/stamp"
  fi
  echo "$own/bin/python"
}

# The tools are configured in the top-level pyproject.toml; what is not configured is not checked.
check() {
  local failed=no
  step "Checking"
  if grep -qs '^\[tool\.ruff' pyproject.toml; then
    "$VENV/bin/ruff" check . || failed=yes
    "$VENV/bin/ruff" format --check . || failed=yes
  fi
  if grep -qs '^\[tool\.mypy\]' pyproject.toml; then "$VENV/bin/mypy" || failed=yes; fi
  if grep -qs '^\[tool\.importlinter\]' pyproject.toml; then "$VENV/bin/lint-imports" || failed=yes; fi
  [[ $failed == no ]] || die "The checks failed (above)."
}

# One root per distribution, so that each has its own conftest.
default_roots() {
  local folder
  for folder in tests/* core/tests plugin_sdk/tests plugins_builtin/*/tests examples/plugins/*/tests; do
    # The benchmark measures and asserts nothing; the end-to-end tests come last, the cheap ones having passed.
    if [[ -d $folder && $folder != tests/e2e && $folder != tests/bench ]]; then roots+=("$folder"); fi
  done
  [[ $fast == no ]] || return 0
  # Until `dokkupy setup` is there, no host can be installed.
  if [[ -e core/src/dokkupy/cli/setup.py ]]; then roots+=(tests/e2e); else roots+=(tests/e2e/test_bed.py); fi
}

has_tests() { [[ $1 == *.py* ]] || [[ -n $(find "$1" -name 'test_*.py' -print -quit) ]]; }

# One root's tests; its last line goes to the count at the end.
run_root() {
  local root=$1 log=$2 python code=0
  step "$root"
  python=$(python_of "${root%%::*}")
  "$python" -m pytest "$root" -ra --timeout "$TEST_LIMIT" -o cache_dir="$PWD/.pytest_cache" ${colour:-} \
    ${arguments[@]+"${arguments[@]}"} </dev/null | tee "$log/${root//\//-}" || code=${PIPESTATUS[0]}
  tail -n 1 "$log/${root//\//-}" | sed 's/\x1b\[[0-9;]*m//g' >>"$log/closing"
  # 5: nothing was collected, as when -k names tests of another root.
  if [[ $code != 5 ]]; then return "$code"; fi
}

# The roots whose tests mostly wait for servers that they start.
readonly SERVERS='^(tests/services|plugins_builtin/(backups|mariadb|mongo|mysql)/tests)$'

# Some roots, one after the other.
run_lane() {
  local log=$1 root code=0
  shift
  for root in "$@"; do run_root "$root" "$log" || code=$?; done
  return "$code"
}

run_tests() {
  local root worst=0 log counts started=$SECONDS pid
  local -a here=() servers=() machines=() beside=()
  log=$(mktemp -d)
  if [[ -t 1 ]]; then colour=--color=yes; fi
  for root in "${roots[@]}"; do
    has_tests "$root" || continue
    # Named ones run one after the other; all together, machines and servers mostly wait for something, and run beside.
    if [[ ${#roots[@]} -gt 20 && $root == tests/e2e ]]; then
      machines+=("$root")
    elif [[ ${#roots[@]} -gt 20 && $root =~ $SERVERS ]]; then
      servers+=("$root")
    else
      here+=("$root")
    fi
  done
  # Process groups of their own: they are ended whole, and do not ignore SIGINT, as other jobs in the background do.
  set -m
  if [[ ${#machines[@]} -gt 0 ]]; then
    run_lane "$log" "${machines[@]}" >"$log/beside-1" 2>&1 &
    beside+=($!)
  fi
  if [[ ${#servers[@]} -gt 0 ]]; then
    run_lane "$log" "${servers[@]}" >"$log/beside-2" 2>&1 &
    beside+=($!)
  fi
  set +m
  # shellcheck disable=SC2064  # the values of now
  trap "for pid in ${beside[*]-}; do kill -- -\$pid 2>/dev/null || true; done; rm -rf -- '$log'" EXIT
  run_lane "$log" ${here[@]+"${here[@]}"} || worst=$?
  for pid in ${beside[@]+"${beside[@]}"}; do
    step "The tests beside go on"
    wait "$pid" || worst=$?
  done
  if [[ ${#beside[@]} -gt 0 ]]; then cat "$log"/beside-*; fi
  touch "$log/closing"
  counts=$(awk '
    {
      line = $0
      while (match(line, /[0-9]+ (failed|passed|skipped|deselected|xfailed|xpassed|warnings?|errors?)/)) {
        split(substr(line, RSTART, RLENGTH), part, " ")
        word = part[2]; sub(/^warning$/, "warnings", word); sub(/^error$/, "errors", word)
        sum[word] += part[1]; line = substr(line, RSTART + RLENGTH)
      }
    }
    END {
      n = split("failed passed skipped deselected xfailed xpassed warnings errors", order, " "); text = ""
      for (i = 1; i <= n; i++) if (order[i] in sum) text = text (text == "" ? "" : ", ") sum[order[i]] " " order[i]
      print (text == "" ? "no tests ran" : text)
    }' "$log/closing")
  printf '==================== %s in %d.00s (%d:%02d) ====================\n' \
    "$counts" "$((SECONDS - started))" "$(((SECONDS - started) / 60))" "$(((SECONDS - started) % 60))"
  return "$worst"
}

install_packages
prepare_environment
if [[ $check_only == yes ]]; then
  check
  exit 0
fi
# Naming tests is asking for them alone.
if [[ ${#roots[@]} -eq 0 ]]; then
  check
  default_roots
fi
start_docker
run_tests
