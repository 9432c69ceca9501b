#!/usr/bin/env bash
# Runs every test, even on a bare Debian: it installs and starts what the tests require, and does not change what exists.
#
#   ./test.sh                everything: linters, unit, contract and end-to-end tests
#   ./test.sh --fast         without the end-to-end tests
#   ./test.sh --quick        tests that require only Python (`-m unit`), in one call on all processors: under a minute
#   ./test.sh --changed      tests that a change against main can break (tests/affected.py); end-to-end tests only if they changed
#   ./test.sh --thorough     every failpoint in the crash tests, and a million rows where there are usually fewer
#   ./test.sh --check        only the linters and the type checker
#   ./test.sh --prepare      no tests: installs and starts what machines in containers require
#   ./test.sh tests/e2e -k NAME   anything else goes to pytest; paths replace the default ones
#
# Each distribution's tests run in their own environment, so that no undeclared dependency is hidden. They run with the
# system's Python (PYTHON=... selects another), in a system whose dokkupy and nginx are broken (tests/strange-system).
# The last line is like that of pytest, with the sums.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

readonly VENV=$PWD/.venv
readonly TOOLS=("pytest>=8,<10" "pytest-timeout>=2.3" "pytest-xdist>=3.7" "ruff>=0.8" "mypy>=1.13" "import-linter>=2.1" hatchling editables)
readonly ALONE=("pytest>=8,<10" "pytest-timeout>=2.3" hatchling editables)
# Seconds. Ends a test that hangs. A slow machine takes three times as long as usual for the longest tests, which take minutes.
readonly TEST_LIMIT=1500

step() { printf -- '-----> %s\n' "$*"; }
die() {
  printf ' !     %s\n' "$@" >&2
  exit 1
}

fast=no quick=no changed=no check_only=no prepare_only=no checked=yes
roots=() arguments=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --fast) fast=yes ;;
    --quick) quick=yes ;;
    --changed) changed=yes ;;
    --thorough) export DOKKUPY_THOROUGH=1 ;;
    --check) check_only=yes ;;
    --prepare) prepare_only=yes ;;
    -k | -m | -n | -p | --timeout)
      arguments+=("$1" "$2")
      shift
      ;;
    -*) arguments+=("$1") ;;
    *)
      [[ -e ${1%%::*} ]] || die "$1 does not exist: give a folder or a file of tests, or an option of pytest."
      roots+=("$1")
      ;;
  esac
  shift
done

# The oldest supported Python is that of Debian 12, 3.11.2. It is used first, even if pyenv, uv or conda is on PATH.
python_serves() { "$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
choose_python() {
  local candidate
  for candidate in ${PYTHON:-/usr/bin/python3 python3}; do
    if python_serves "$candidate"; then
      python=$("$candidate" -c 'import sys; print(sys._base_executable)')
      return
    fi
  done
  return 1
}
have() { command -v -- "$1" >/dev/null 2>&1; }
# Otherwise each of the many processes would compile all its imports again.
unset PYTHONDONTWRITEBYTECODE
export PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

install_packages() {
  local -a missing=()
  local log
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || missing+=(ca-certificates)
  choose_python || missing+=(python3 python3-venv)
  have git || missing+=(git)
  have curl || missing+=(curl)
  if [[ $check_only == no && $quick == no ]]; then
    have dockerd || docker info >/dev/null 2>&1 || missing+=(docker.io)
    have iptables || missing+=(iptables)
    have debootstrap || missing+=(debootstrap)
  fi
  if [[ $check_only == no && $quick == no && $prepare_only == no ]]; then
    have ssh-keygen || missing+=(openssh-client)
    [[ -x /usr/sbin/sshd ]] || missing+=(openssh-server)
    have nginx || missing+=(nginx-light)
    [[ -e /usr/lib/nginx/modules/ngx_stream_module.so ]] || missing+=(libnginx-mod-stream)
    have socat || missing+=(socat)
    have restic || missing+=(restic)
    [[ -x /usr/sbin/visudo ]] || missing+=(sudo)
    have nft || missing+=(nftables)
    have ip || missing+=(iproute2)
    # All basic programs in one static file, for the smallest image in which a build can run commands.
    have busybox || missing+=(busybox-static)
    # a private image registry
    have docker-registry || missing+=(docker-registry)
    # a local ACME authority
    have pebble || missing+=(pebble)
  fi
  [[ ${#missing[@]} -gt 0 ]] || return 0
  step "Installing ${missing[*]}"
  [[ $(id -u) == 0 ]] || die "These packages are missing and only root can install them: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  # RUNLEVEL=1: servers of the packages must not start and occupy port 80 or 22, because the tests start their own.
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
      # Two test runs must not start two engines.
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

# Configure uv with the index, the proxy and the certificates of pip.
settings_of_pip() {
  local name value variable
  local -A names=([index-url]=UV_DEFAULT_INDEX [extra-index-url]=UV_INDEX [find-links]=UV_FIND_LINKS [trusted-host]=UV_INSECURE_HOST)
  export SSL_CERT_FILE=${SSL_CERT_FILE:-$PIP_CERT} UV_HTTP_TIMEOUT=${PIP_DEFAULT_TIMEOUT:-180} UV_NO_PROGRESS=1
  for name in "${!names[@]}"; do
    variable=${name^^}
    variable=PIP_${variable//-/_}
    value=${!variable:-$("$VENV/bin/python" -m pip config get "global.$name" 2>/dev/null || true)}
    # pip separates several values by blanks or lines, uv by commas.
    value=${value//$'\n'/ }
    if [[ $name == find-links ]]; then value=${value// /,}; fi
    if [[ -n $value ]]; then export "${names[$name]}=$value"; fi
  done
}

# fetch PYTHON WORD...: installs by uv if it is available, else by pip.
fetch() {
  if [[ -x $VENV/bin/uv ]]; then "$VENV/bin/uv" pip install -q --python "$@"; else "$1" -m pip --disable-pip-version-check install -q "${@:2}"; fi
}

# Remove distributions that were renamed or removed, because their entry points name modules that no longer exist.
forget_removed() {
  local name
  while read -r name; do
    "$VENV/bin/python" -m pip --disable-pip-version-check uninstall -q -y "$name"
  done < <("$VENV/bin/python" -c '
import importlib.metadata, json, os
for one in importlib.metadata.distributions():
    address = json.loads(one.read_text("direct_url.json") or "{}").get("url", "")
    if address.startswith("file://") and not os.path.exists(address[7:] + "/pyproject.toml"):
        print(one.name)')
}

# Builds an editable wheel of each distribution, in one process. uv would start one for each, in each environment.
build_wheels() {
  local fresh
  fresh=$(mktemp -d -p "$VENV" wheels.XXXXXX)
  "$VENV/bin/python" - "$fresh" "$@" <<'PROGRAM'
import os, pathlib, sys
import hatchling.build

root, wheels = pathlib.Path.cwd(), pathlib.Path(sys.argv[1])
for folder in sys.argv[2:]:
    target = wheels / folder
    target.mkdir(parents=True)
    os.chdir(root / folder)
    hatchling.build.build_editable(str(target))
PROGRAM
  rm -rf -- "$VENV/wheels"
  mv -- "$fresh" "$VENV/wheels"
}
wheel_of() { printf '%s\n' "$VENV/wheels/$1"/*.whl; }

# Installs the distributions (editable) and the tools, if a declaration changed.
prepare_environment() {
  local stamp folder
  local -a folders=() names=()
  if [[ -z ${PIP_CERT:-} ]]; then export PIP_CERT=/etc/ssl/certs/ca-certificates.crt; fi
  for folder in core plugin_sdk plugins_builtin/* examples/plugins/*; do
    if [[ -f $folder/pyproject.toml ]]; then names+=("$folder"); fi
    # with the dependencies of all tests, because they are collected in one call
    if grep -qs '^testing = ' "$folder/pyproject.toml"; then
      folders+=(-e "./$folder[testing]")
    elif [[ -f $folder/pyproject.toml ]]; then
      folders+=(-e "./$folder")
    fi
  done
  stamp=$({ printf '%s\n' wheels "$PWD" "$python" "${TOOLS[@]}" && cat core/pyproject.toml plugin_sdk/pyproject.toml plugins_builtin/*/pyproject.toml examples/plugins/*/pyproject.toml; } | sha256sum)
  if [[ -e $VENV/stamp && $(cat "$VENV/stamp") == "$stamp" ]]; then
    settings_of_pip
    return 0
  fi
  step "Preparing $VENV with $python ($("$python" -c 'import platform; print(platform.python_version())'))"
  if [[ $(readlink -e -- "$VENV/bin/python") != "$(readlink -e -- "$python")" || ! -x $VENV/bin/pip ]]; then
    rm -rf -- "$VENV"
    "$python" -m venv "$VENV"
  fi
  if have uv; then
    ln -sf -- "$(command -v uv)" "$VENV/bin/uv"
  elif ! "$VENV/bin/python" -m pip --disable-pip-version-check install -q "uv>=0.5"; then
    step "uv cannot be had: pip installs"
  fi
  settings_of_pip
  fetch "$VENV/bin/python" "${TOOLS[@]}"
  fetch "$VENV/bin/python" --no-build-isolation "${folders[@]}"
  forget_removed
  build_wheels "${names[@]}"
  printf '%s' "$stamp" >"$VENV/stamp"
}

# The distribution to which a path belongs. Fails for tests that belong to none.
distribution_of() {
  local folder=$1
  while [[ $folder != . && $folder != / && ! -f $folder/pyproject.toml ]]; do folder=$(dirname -- "$folder"); done
  [[ $folder =~ ^(core|plugin_sdk|plugins_builtin/[^/]+|examples/plugins/[^/]+)$ ]] && printf '%s\n' "$folder"
}

# The Python for the tests below a path: that of the distribution's own environment, else that of the common one.
python_of() {
  local folder
  if folder=$(distribution_of "$1"); then echo "$VENV/alone/${folder//\//-}/bin/python"; else echo "$VENV/bin/python"; fi
}

# The plugins that a distribution and its tests declare, and those that these require, without the prefix `dokkupy-`.
declared_plugins() {
  "$python" - "$1" <<'PROGRAM'
import pathlib, re, sys, tomllib

def declared(file, *extras):
    project = tomllib.loads(pathlib.Path(file).read_text())["project"]
    more = [one for extra in extras for one in project.get("optional-dependencies", {}).get(extra, [])]
    return [found[1] for one in project.get("dependencies", []) + more if (found := re.match(r"dokkupy-([a-z-]+)", one))]

names = declared(sys.argv[1], "testing")
for name in names:  # which grows
    if (file := pathlib.Path("plugins_builtin", name, "pyproject.toml")).exists():
        names += [one for one in declared(file) if one not in names]
print(*(name for name in dict.fromkeys(names) if name != pathlib.Path(sys.argv[1]).parent.name), sep="\n")
PROGRAM
}

# Makes an environment for one distribution, with core, the SDK and declared dependencies, so that an undeclared one is missing. uv has
# each wheel once and links it into every environment. Two lanes may need the same environment at once.
# It is called in a condition, in which bash does not stop at the first failure.
prepare_alone() {
  local folder=$1 own
  own=$VENV/alone/${folder//\//-}
  mkdir -p "$VENV/alone"
  (
    flock 9
    make_base 9>&-
  ) 9>"$VENV/alone/base.lock" || return
  (
    flock 9
    make_alone "$folder" "$own" 9>&-
  ) 9>"$own.lock"
}
# Makes what all these environments have: the tools, core and the SDK. A collection compiles the modules that every run imports;
# whether it succeeds is for the SDK's own tests to say.
make_base() {
  local own=$VENV/alone/base stamp
  stamp=$({ echo "$python" "${ALONE[@]}" && cat core/pyproject.toml plugin_sdk/pyproject.toml; } | sha256sum)
  if [[ -e $own/stamp && $(cat "$own/stamp") == "$stamp" ]]; then return 0; fi
  rm -rf -- "$own" &&
    if [[ -x $VENV/bin/uv ]]; then "$VENV/bin/uv" venv -q --seed --python "$python" "$own"; else "$python" -m venv "$own"; fi &&
    fetch "$own/bin/python" "${ALONE[@]}" "$(wheel_of core)" "$(wheel_of plugin_sdk)" &&
    { "$own/bin/python" -m pytest -q --collect-only plugin_sdk/tests >/dev/null 2>&1 || :; } &&
    printf '%s' "$stamp" >"$own/stamp"
}
make_alone() {
  local folder=$1 own=$2 base=$VENV/alone/base stamp needed
  local -a projects=("$folder/pyproject.toml") wanted=()
  for needed in $(declared_plugins "$folder/pyproject.toml"); do
    if [[ -d plugins_builtin/$needed ]]; then
      projects+=("plugins_builtin/$needed/pyproject.toml")
      wanted+=("$(wheel_of "plugins_builtin/$needed")")
    fi
  done
  stamp=$(cat "$base/stamp" "${projects[@]}" | sha256sum)
  if [[ -e $own/stamp && $(cat "$own/stamp") == "$stamp" ]]; then return 0; fi
  if [[ $folder != core && $folder != plugin_sdk ]]; then wanted+=("$(wheel_of "$folder")[testing]"); fi
  # A copy of links shares what is compiled. Its programs name its own Python.
  rm -rf -- "$own" && cp -al -- "$base" "$own" && rm -- "$own/stamp" &&
    { grep -rlIF -- "$base" "$own/bin" "$own/pyvenv.cfg" | xargs -r sed -i "s|$base|$own|g"; } &&
    if [[ ${#wanted[@]} -gt 0 ]]; then fetch "$own/bin/python" "${wanted[@]}"; fi &&
    printf '%s' "$stamp" >"$own/stamp"
}

# Builds the images from which most machines and servers are made, beside the environment, whose preparation needs one processor.
# Whoever comes to one meanwhile waits for it.
build_images() {
  "$python" -c '
import sys
sys.path.insert(0, "tests/e2e")
from bed import images
images.ready("bookworm")
images.debian("trixie")' >/dev/null 2>&1 </dev/null &
}

# The root folders of packages, for mypy.
source_roots() {
  local roots
  roots=$(printf '%s:' core/src plugin_sdk/src plugins_builtin/*/src examples/plugins/*/src)
  printf '%s' "${roots%:}"
}

# The tools are configured in the top-level pyproject.toml.
check() {
  local failed=no
  step "Checking"
  if grep -qs '^\[tool\.ruff' pyproject.toml; then
    "$VENV/bin/ruff" check . || failed=yes
    "$VENV/bin/ruff" format --check . || failed=yes
  fi
  if grep -qs '^\[tool\.mypy\]' pyproject.toml; then MYPYPATH=$(source_roots) "$VENV/bin/mypy" || failed=yes; fi
  if grep -qs '^\[tool\.importlinter\]' pyproject.toml; then "$VENV/bin/lint-imports" || failed=yes; fi
  if [[ $failed != no ]]; then
    printf ' !     The checks failed (above).\n' >&2
    return 1
  fi
}

# Each distribution has its own root, and therefore its own conftest.
# Engines that no package has are stand-ins (MongoDB too), and Elasticsearch's image takes minutes to make: their tests run with --thorough.
is_for_thorough() {
  case $1 in
    plugins_builtin/couchdb/tests | plugins_builtin/elasticsearch/tests) ;;
    plugins_builtin/meilisearch/tests | plugins_builtin/mongo/tests | plugins_builtin/typesense/tests) ;;
    *) return 1 ;;
  esac
}

default_roots() {
  local folder
  for folder in tests/* core/tests plugin_sdk/tests plugins_builtin/*/tests examples/plugins/*/tests; do
    # The benchmark is left out, because it asserts nothing. The end-to-end tests come last, after the fast ones.
    [[ -d $folder && $folder != tests/e2e && $folder != tests/bench ]] || continue
    if [[ -z ${DOKKUPY_THOROUGH:-} ]] && is_for_thorough "$folder"; then continue; fi
    roots+=("$folder")
  done
  [[ $fast == no ]] || return 0
  roots+=(tests/e2e)
}

has_tests() { [[ $1 == *.py* ]] || [[ -n $(find "$1" -name 'test_*.py' -print -quit) ]]; }

# The seconds of a processor that this shell's processes took between two outputs of `times`, whose second lines are about them.
spent() {
  cat "$1/before-$2" "$1/after-$2" | awk 'NR % 2 == 0 { split($0, part, /[ms ]+/); sum[NR] = 60 * (part[1] + part[3]) + part[2] + part[4] }
    END { printf "%.0f", sum[4] - sum[2] }'
}

# Runs the tests of one root. Their last line is added to the sums at the end.
run_root() {
  local root=$1 log=$2 code=0 started=$SECONDS folder
  local -a way=(tests/strange-system)
  step "$root"
  times >"$log/before-${root//\//-}"
  # The tests of machines need no broken system, because they run in containers. The tests of each worker share a machine.
  if [[ $root == tests/e2e* ]]; then way=(); fi
  # A free worker runs the next whole file, in the order of tests/e2e/conftest.py.
  local -a workers=()
  if [[ $root == tests/e2e ]]; then workers=(-n 2 --dist loadfile --no-loadscope-reorder); fi
  if folder=$(distribution_of "${root%%::*}") && ! prepare_alone "$folder"; then
    printf ' !     The environment of %s could not be made (above).\n' "$folder" >&2
    echo "1 error" >>"$log/closing"
    return 1
  fi
  export DOKKUPY_TIMES=$log/times
  ${way[@]+"${way[@]}"} "$(python_of "${root%%::*}")" -m pytest "$root" ${workers[@]+"${workers[@]}"} -ra --durations=10 --durations-min=10 --timeout "$TEST_LIMIT" -o cache_dir="$PWD/.pytest_cache" ${colour:-} \
    ${arguments[@]+"${arguments[@]}"} </dev/null | tee "$log/${root//\//-}" || code=${PIPESTATUS[0]}
  tail -n 1 "$log/${root//\//-}" | sed 's/\x1b\[[0-9;]*m//g' >>"$log/closing"
  times >"$log/after-${root//\//-}"
  printf '%s\n' "$root: $((SECONDS - started)) s, $(spent "$log" "${root//\//-}") s of a processor without containers" >>"$log/times"
  # Status 5: nothing was collected, for example because -k names tests of another root.
  if [[ $code != 5 ]]; then return "$code"; fi
}

# The roots, the longest first, so that the lanes end at about the same time. Sorted by the seconds of the last whole run, else by those
# of tests/times (which a whole run prints as "Seconds of each"). Unknown roots come last.
in_order() {
  local times=$VENV/times
  [[ -e $times ]] || times=tests/times
  awk -F': *' 'NR == FNR { seconds[$1] = $2 + 0; next } { print ($0 in seconds ? seconds[$0] : 0) " " $0 }' \
    "$times" <(printf '%s\n' "$@") | sort -rn -s -k1,1 | cut -d' ' -f2-
}

# Runs the named roots one after the other.
run_lane() {
  local log=$1 root code=0
  shift
  for root in "$@"; do run_root "$root" "$log" || code=$?; done
  return "$code"
}

# Runs one entry of the queue.
run_entry() {
  if [[ $1 != check ]]; then
    run_root "$@"
  elif ! check; then
    echo "1 error" >>"$2/closing"
    return 1
  fi
}

# Runs the end-to-end tests, then the remaining entries of the queue.
run_machines() {
  local log=$1 code=0
  shift
  run_lane "$log" "$@" >"$log/machines" 2>&1 || code=$?
  run_queue "$log" || code=$?
  return "$code"
}

# Runs entries of the queue until it is empty. The output of each entry is printed as a whole.
run_queue() {
  local log=$1 root code=0
  while root=$(
    exec 8<>"$log/queue"
    flock 8
    head -n 1 "$log/queue"
    sed -i 1d "$log/queue"
  ) && [[ -n $root ]]; do
    run_entry "$root" "$log" >"$log/output-${root//\//-}" 2>&1 || code=$?
    cat "$log/output-${root//\//-}"
  done
  return "$code"
}

# Hundredths of seconds since the boot in which the processors were idle, or waited for a disk, and all.
processors() { awk '$1 == "cpu" { for (i = 2; i <= 9; i++) all += $i; printf "%.0f %.0f", $5 + $6, all }' /proc/stat; }

run_tests() {
  local root worst=0 log counts started=$SECONDS pid whole=no before
  before=$(processors)
  local -a here=() machines=() beside=()
  log=$(mktemp -d)
  if [[ -t 1 ]]; then colour=--color=yes; fi
  for root in "${roots[@]}"; do
    has_tests "$root" || continue
    if [[ $root == tests/e2e ]]; then machines+=("$root"); else here+=("$root"); fi
  done
  # Each lane is a process group, so that it can be ended as a whole and does not ignore SIGINT like other background jobs.
  set -m
  # shellcheck disable=SC2064  # the directory of now
  trap "rm -rf -- '$log'" EXIT
  if [[ ${#here[@]} -gt 20 && ${#machines[@]} -gt 0 && ${#arguments[@]} == 0 ]]; then whole=yes; fi
  if [[ ${#here[@]} -gt 20 ]]; then
    { if [[ $checked == no ]]; then echo check; fi && in_order "${here[@]}"; } >"$log/queue"
    here=()
    # All lanes at once: machines and servers wait for part of their time, so there are more lanes than processors, but not
    # more than keep them busy: a server must answer before the product gives up. The lane of the machines then helps with the rest.
    if [[ ${#machines[@]} -gt 0 ]]; then
      run_machines "$log" "${machines[@]}" &
      beside+=($!)
      machines=()
    fi
    for _ in 1 2; do
      run_queue "$log" &
      beside+=($!)
    done
  fi
  set +m
  # shellcheck disable=SC2064  # the values of now
  trap "for pid in ${beside[*]-}; do kill -- -\$pid 2>/dev/null || true; done; rm -rf -- '$log'" EXIT
  run_lane "$log" ${here[@]+"${here[@]}"} ${machines[@]+"${machines[@]}"} || worst=$?
  for pid in ${beside[@]+"${beside[@]}"}; do
    wait "$pid" || worst=$?
  done
  if [[ -e $log/machines ]]; then cat "$log/machines"; fi
  touch "$log/closing" "$log/times"
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
  if [[ $(wc -l <"$log/times") -gt 1 ]]; then
    step "Seconds of each"
    sort -t: -k2 -rn "$log/times" | sed 's/^/       /'
    # More lanes would only help if they were idle.
    echo "$before $(processors)" | awk '$4 > $2 { printf "       processors idle: %d%%, busy: %d s\n", 100 * ($3 - $1) / ($4 - $2), ($4 - $2 - $3 + $1) / 100 }'
    # Keep the times of a whole run, so that the next one starts with the longest.
    if [[ $whole == yes && $worst == 0 ]]; then cp -- "$log/times" "$VENV/times"; fi
  fi
  printf '==================== %s in %d.00s (%d:%02d) ====================\n' \
    "$counts" "$((SECONDS - started))" "$(((SECONDS - started) / 60))" "$(((SECONDS - started) % 60))"
  return "$worst"
}

# A function is read completely before it runs, so that this file may be edited during a run.
main() {
  python=
  install_packages
  choose_python || die "No Python 3.11 or newer with venv was found."
  if [[ $prepare_only == yes ]]; then
    start_docker
    exit 0
  fi
  if [[ $check_only == no && $quick == no && $changed == no && $fast == no && ${#roots[@]} -eq 0 ]]; then
    start_docker
    build_images
  fi
  prepare_environment
  if [[ $check_only == yes ]]; then
    check
    exit
  fi
  if [[ $quick == yes ]]; then
    # Thousands of tests write small files, which takes a sixth less time in memory. Only the files of the last run stay.
    if [[ -w /dev/shm && $(df --output=avail /dev/shm | tail -n 1) -gt 1000000 ]] && ! findmnt -no OPTIONS /dev/shm | grep -q noexec; then
      export TMPDIR=/dev/shm
    fi
    # More workers than processors, because tests also wait. A worker without tests takes some of another.
    exec "$VENV/bin/python" -m pytest -m unit -n $((($(nproc) * 3 + 1) / 2)) --dist worksteal -q --timeout "$TEST_LIMIT" -o tmp_path_retention_count=1 ${arguments[@]+"${arguments[@]}"} \
      ${roots[@]+"${roots[@]}"}
  fi
  if [[ $changed == yes ]]; then
    mapfile -t roots < <("$VENV/bin/python" tests/affected.py)
    step "The change can break ${roots[*]}"
  fi
  # Named tests run alone.
  if [[ ${#roots[@]} -eq 0 ]]; then
    checked=no
    default_roots
  fi
  start_docker
  run_tests
}

main; exit
