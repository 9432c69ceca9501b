#!/usr/bin/env bash
# Installs dokkupy on this machine: packages, an environment of its own, the launchers, then `dokkupy setup`.
# It can be run again at any time: it adds what is missing and does not change what exists.
set -euo pipefail
# The service user reads what is made here, whatever root's own umask is.
umask 022

readonly PREFIX=/opt/dokkupy
readonly VENV=$PREFIX/venv
readonly BIN=/usr/local/bin
readonly STATE=/var/lib/dokkupy
readonly STORAGE=/var/lib/dokku/data/storage
readonly SECRETS=/etc/dokkupy
readonly LOG=/var/log/dokkupy-install.log
readonly DEMO_BASE=demo-python:latest
readonly OFFICIAL_BASE=python:3.13-slim
readonly DEMO_DOMAIN=dokkupy.localhost
readonly USER_NAME=dokkupy USER_REMOTE=dokku
# The PATH on which dokkupy finds programs (dokkupy/kernel/spawn.py). Other directories of the administrator's PATH are not used.
readonly SAFE_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
readonly ADMIN_PATH=${PATH:-}

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]:-$0}")" && pwd)
demo=no yes=no dry_run=no uninstall=no purge=no verbose=no version= from= python=

usage() {
  cat <<'TEXT'
Usage: install.sh [--demo] [--yes] [--dry-run] [--verbose] [--version X [--from FOLDER]]
       install.sh --uninstall [--purge] [--yes] [--dry-run]

  --demo        afterwards deploy the sample app `hello` by a real `git push` and ask it for its page
  --yes         ask nothing
  --dry-run     print what would be done and change nothing
  --verbose     print every change to the host, not one line for each thing set up
  --version X   install release X from the package index instead of this checkout
  --from FOLDER with --version: take dokkupy's wheels from this folder, which `make release` wrote
  --uninstall   remove dokkupy; apps, services and their data are stopped and kept, unless you say otherwise when asked
  --purge       with --uninstall: delete apps, services and all data too
TEXT
}

# --- output --------------------------------------------------------------------------------------------------------

step() { printf -- '-----> %s\n' "$*"; }
note() { printf '       %s\n' "$*"; }
die() {
  printf ' !     %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

# Runs a command with its output in the log. If the command fails, the end of the output is shown.
quietly() {
  local what=$1 from
  shift
  from=$(wc -c <"$LOG")
  printf '\n### %s: %s\n' "$(date -u +%FT%TZ)" "$*" >>"$LOG"
  # Servers that it starts must not inherit the installer's lock (9).
  "$@" >>"$LOG" 2>&1 </dev/null 9>&- && return
  tail -c "+$((from + 1))" "$LOG" | tail -n 25 | sed 's/^/       | /' >&2
  die "$what failed." "The whole log is $LOG. Fix the cause, then run this again."
}

# Runs a command; in a dry run, prints what would happen.
act() {
  local what=$1
  shift
  if [[ $dry_run == yes ]]; then
    note "would: $what"
  else
    "$@"
  fi
}

# --- what exists ---------------------------------------------------------------------------------------------------

have() { command -v -- "$1" >/dev/null 2>&1; }
have_systemd() { [[ -d /run/systemd/system ]]; }

# Whether a process of this name runs on this machine. Processes of containers do not count; they are in other namespaces.
runs() {
  local comm
  for comm in /proc/[0-9]*/comm; do
    if [[ $(cat "$comm" 2>/dev/null) == "$1" && \
      $(readlink "${comm%comm}ns/pid" 2>/dev/null) == "$(readlink /proc/self/ns/pid)" ]]; then
      return 0
    fi
  done
  return 1
}

docker_answers() { timeout 20 docker info >/dev/null 2>&1; }

# Runs a program with the rights, the environment and the PATH of the service user; before that user exists, with those
# of any other. What root alone may read (pyenv, uv or conda below /root or a home directory) fails here.
as_service() {
  local -a identity=(--reuid=65534 --regid=65534 --clear-groups)
  if id "$USER_NAME" >/dev/null 2>&1; then
    identity=(--reuid="$USER_NAME" --regid="$USER_NAME" --init-groups)
  fi
  (cd / && exec setpriv "${identity[@]}" -- env -i PATH="$SAFE_PATH" "$@") </dev/null 2>/dev/null
}

# Whether dokkupy can run this program: `serves restic version`.
serves() { as_service "$@" >/dev/null; }

# Imports modules that Debian packages separately or that an incomplete Python lacks. Prints the interpreter behind shims and environments.
readonly PYTHON_PROBE='
import ctypes, ensurepip, fcntl, hashlib, ssl, sys, tomllib, venv, zlib
if sys.version_info < (3, 11):
    sys.exit(1)
print(sys._base_executable)
'

# Whether only root can change this file, because root must not run a program that another user may replace.
is_roots() {
  local path
  path=$(readlink -e -- "$1") || return 1
  while :; do
    [[ $(stat -c %u -- "$path") == 0 && ! $(stat -c %A -- "$path") =~ ^.{8}w[^tT]$ ]] || return 1
    [[ $path != / ]] || return 0
    path=$(dirname -- "$path")
  done
}

# Whether the service user can run this interpreter. Prints the one behind shims and environments.
fit_python() {
  local base
  base=$(as_service "$1" -I -c "$PYTHON_PROBE") || return 1
  is_roots "$base" || return 1
  printf '%s\n' "$base"
}

# The first suitable interpreter of the administrator's PATH, else that of the distribution.
choose_python() {
  local directory
  local -a directories
  IFS=: read -r -a directories <<<"$ADMIN_PATH:$SAFE_PATH"
  for directory in "${directories[@]}"; do
    [[ $directory == /* && -e $directory/python3 ]] || continue
    if python=$(fit_python "$directory/python3"); then return 0; fi
  done
  python=
  return 1
}

missing_packages() {
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || echo ca-certificates
  serves curl --version || echo curl
  serves git --version || echo git
  have sudo || echo sudo
  choose_python || echo python3 python3-venv
  # A Docker from another source (docker-ce, a remote engine) is accepted, too.
  { serves docker --version && { have dockerd || docker_answers; }; } || echo docker.io
  have iptables || echo iptables
  have nft || echo nftables
  have nginx || echo nginx-light libnginx-mod-stream
  # socat forwards ports to datastores; restic makes backups.
  serves socat -V || echo socat
  serves restic version || echo restic
  # debootstrap makes base images of Debian's packages if no registry can be reached.
  have debootstrap || echo debootstrap
  [[ -x /usr/sbin/sshd ]] || echo openssh-server
  have_systemd || have cron || have crond || echo cron
  if [[ $demo == yes ]]; then
    have ssh || echo openssh-client
  fi
}

check_machine() {
  [[ $(id -u) == 0 ]] || die "This must run as root." "Try: sudo $0 $*"
  have apt-get || die "This machine has no apt-get: dokkupy's installer supports Debian and Ubuntu." \
    "On other systems, install Docker, nginx, OpenSSH, git and Python 3.11 or newer, then run \`pip install dokkupy\` and \`dokkupy setup\`."
}

# A company's own certificate authority is in the system's bundle, which pip does not read by default.
trust_system_certificates() {
  local bundle=/etc/ssl/certs/ca-certificates.crt
  [[ -e $bundle ]] || return 0
  export PIP_CERT="${PIP_CERT:-${REQUESTS_CA_BUNDLE:-${SSL_CERT_FILE:-$bundle}}}"
  if [[ ! -e $PIP_CERT ]]; then
    note "$PIP_CERT does not exist; using $bundle"
    export PIP_CERT=$bundle
  fi
}

# --- packages and servers ------------------------------------------------------------------------------------------

install_packages() {
  local -a packages
  mapfile -t packages < <(missing_packages | tr ' ' '\n')
  [[ ${#packages[@]} -gt 0 ]] || return 0
  step "Installing ${packages[*]}"
  [[ $dry_run == yes ]] && return
  apt_install "${packages[@]}"
  if ! have docker; then
    # Since Debian 13, the client and BuildKit are separate packages.
    packages+=(docker-cli docker-buildx)
    apt_install docker-cli docker-buildx
  fi
  printf '%s\n' "${packages[@]}" >>"$PREFIX/packages"
}

require_python() {
  if choose_python || [[ $dry_run == yes ]]; then return 0; fi
  die "No Python 3.11 or newer was found that the user $USER_NAME can run; this system's is $(/usr/bin/python3 --version 2>&1)." \
    "Debian 12, Ubuntu 24.04 and newer versions have one: apt-get install python3 python3-venv"
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  local -a apt=(apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold)
  quietly "Reading the package lists" "${apt[@]}" update
  quietly "Installing $*" "${apt[@]}" install -y --no-install-recommends "$@"
}

start_servers() {
  start_server docker docker docker_answers launch_dockerd
  start_server nginx nginx "runs nginx" launch_nginx
  start_server ssh sshd "runs sshd" launch_sshd
  have_systemd || start_server cron cron "runs cron" launch_cron
}

# start_server UNIT NAME RUNNING LAUNCH: starts a server by systemd if there is one, else as a process.
start_server() {
  local unit=$1 name=$2 running=$3 launch=$4 waited
  if have_systemd && [[ $dry_run == no ]]; then
    systemctl is-enabled --quiet "$unit" 2>/dev/null || systemctl enable --quiet "$unit" >>"$LOG" 2>&1 || true
  fi
  if $running; then return 0; fi
  step "Starting $name"
  [[ $dry_run == yes ]] && return
  if have_systemd; then
    quietly "Starting $name" systemctl start "$unit"
  else
    quietly "Starting $name" "$launch"
  fi
  for waited in $(seq 150); do
    if $running; then return 0; fi
    sleep 0.2
  done
  : "$waited"
  die "$name was started but does not answer." "Look into $LOG and, with systemd, \`journalctl -u $unit\`."
}

launch_dockerd() {
  start-stop-daemon --start --background --oknodo --make-pidfile --pidfile /run/dokkupy-dockerd.pid \
    --output /var/log/dockerd.log --exec "$(command -v dockerd)"
}
launch_nginx() { nginx; }
launch_sshd() {
  install -d -m 755 /run/sshd
  ssh-keygen -A
  /usr/sbin/sshd
}
launch_cron() { if have cron; then cron; else crond; fi; }

# --- dokkupy itself ------------------------------------------------------------------------------------------------

install_dokkupy() {
  if [[ $dry_run == yes ]]; then
    note "would: make the environment $VENV and install dokkupy ${version:-from $HERE}${from:+ from $from} into it"
    note "would: write $BIN/dokkupy and $BIN/dokku"
    return
  fi
  make_environment
  if [[ -n $from ]]; then
    install_folder
  elif [[ -n $version ]]; then
    step "Installing dokkupy $version"
    quietly "Installing dokkupy $version" pip_install --upgrade "dokkupy==$version"
    rm -f "$PREFIX/wheels/SHA256SUMS"
  elif [[ -d $HERE/core/src/dokkupy ]]; then
    install_checkout
  else
    step "Installing dokkupy"
    quietly "Installing dokkupy" pip_install --upgrade dokkupy
  fi
  touch "$VENV/.dokkupy-installed"
  environment_runs || die "The user $USER_NAME cannot run what was installed into $VENV." \
    "All users must be able to read every directory above it: \`namei -l $VENV/bin/python\` shows which one they cannot."
  bring_plugins_back
  quietly "Indexing what is installed" "$VENV/bin/python" -I -m dokkupy_plugins.index
  write_launcher dokkupy
  write_launcher dokku
}

# Whether the service user can run the environment's interpreter and load what is installed in it.
environment_runs() {
  [[ -x $VENV/bin/pip ]] && fit_python "$VENV/bin/python" >/dev/null || return 1
  [[ ! -e $VENV/.dokkupy-installed ]] || serves "$VENV/bin/python" -I -c 'import dokkupy.cli.main, dokkupy_sdk.help'
}

make_environment() {
  if environment_runs; then return 0; fi
  if [[ -e $VENV/.dokkupy-installed ]]; then
    step "Making the environment $VENV again: the user $USER_NAME cannot run the existing one"
    rm -rf "$VENV.old"
    mv "$VENV" "$VENV.old"
  else
    step "Making the environment $VENV"
    # Remove the rest of a failed attempt.
    rm -rf "$VENV"
  fi
  # Everything must be installed again, so nothing may count as up to date.
  rm -rf "$PREFIX/wheels/SHA256SUMS" "$PREFIX/build"
  note "with $python ($("$python" -I -c 'import platform; print(platform.python_version())'))"
  quietly "Making $VENV" "$python" -m venv "$VENV"
}

# Installs third-party plugins again that were in an environment that had to be made again.
bring_plugins_back() {
  local info name version
  [[ -d $VENV.old ]] || return 0
  for info in "$VENV".old/lib/python3*/site-packages/*.dist-info; do
    grep -qs '^\[dokkupy\.' "$info/entry_points.txt" || continue
    name=$(basename -- "${info%.dist-info}")
    version=${name##*-} name=${name%-*}
    compgen -G "$VENV/lib/python3*/site-packages/$name-*.dist-info" >/dev/null && continue
    if pip_install "$name==$version" >>"$LOG" 2>&1 </dev/null 9>&-; then
      note "installed the plugin ${name//_/-} $version again"
    else
      note "The plugin ${name//_/-} $version is not in a package index: install it again with \`dokkupy plugin:install\`."
    fi
  done
  rm -rf "$VENV.old"
}

pip_install() {
  "$VENV/bin/python" -m pip --disable-pip-version-check install --quiet --compile "$@"
}

# Builds the wheels of all distributions in one process, which takes a second.
install_checkout() {
  local folder fresh=$PREFIX/wheels.new
  local -a folders=()
  step "Installing dokkupy from $HERE"
  if [[ ! -d $PREFIX/build/hatchling ]]; then
    quietly "Installing the build backend" pip_install --target "$PREFIX/build" hatchling
  fi
  for folder in "$HERE" "$HERE"/core "$HERE"/plugin_sdk "$HERE"/plugins_builtin/*; do
    # The client is for developers' machines. Its program has the same name as that of the host.
    if [[ $folder != */client && -f $folder/pyproject.toml ]] && grep -q '^\[project\]' "$folder/pyproject.toml"; then
      folders+=("$folder")
    fi
  done
  rm -rf "$fresh"
  mkdir -p "$fresh"
  quietly "Building the wheels" env PYTHONPATH="$PREFIX/build" PYTHONDONTWRITEBYTECODE=1 \
    "$VENV/bin/python" -c '
import os, sys
from hatchling.build import build_wheel
for folder in sys.argv[2:]:
    os.chdir(folder)
    print(folder, build_wheel(sys.argv[1]))
' "$fresh" "${folders[@]}"
  install_wheels "$fresh"
}

# Uses the wheels of a release in a folder, after their checksums were verified.
install_folder() {
  local fresh=$PREFIX/wheels.new
  step "Installing dokkupy $version from $from"
  (cd -- "$from" && sha256sum --check --quiet SHA256SUMS >>"$LOG" 2>&1) || die "The wheels in $from are not those that its SHA256SUMS lists." \
    "Copy the whole folder again that \`make release\` wrote."
  rm -rf "$fresh"
  mkdir -p "$fresh"
  cp -- "$from"/dokkupy*-"$version"-*.whl "$fresh/"
  rm -f -- "$fresh"/dokkupy_client-*.whl # see install_checkout
  install_wheels "$fresh"
}

# Installs the wheels that differ from those of the last time. They are kept, because plugins are resolved against them later.
install_wheels() {
  local fresh=$1 wheels=$PREFIX/wheels before
  local -a changed=() all=("$1"/*.whl)
  (cd "$fresh" && sha256sum -- *.whl) >"$PREFIX/SHA256SUMS.new"
  mapfile -t changed < <(
    before=$wheels/SHA256SUMS
    [[ -e $before ]] || before=/dev/null
    comm -13 <(sort "$before") <(sort "$PREFIX/SHA256SUMS.new") | sed 's/^[0-9a-f]*  *//'
  )
  if [[ ${#changed[@]} -eq 0 ]]; then
    note "already up to date"
    rm -rf "$fresh" "$PREFIX/SHA256SUMS.new"
    return
  fi
  # Remove the checksums first, so that an interrupted installation does not count as complete.
  rm -f "$wheels/SHA256SUMS"
  if [[ -e $VENV/.dokkupy-installed ]]; then
    # --force-reinstall, because pip considers wheels of the same version to be the same.
    quietly "Installing ${changed[*]}" pip_install --no-deps --force-reinstall "${changed[@]/#/$fresh/}"
  fi
  quietly "Installing dokkupy and its dependencies" pip_install "$fresh"/*.whl
  rm -rf "$wheels"
  mv "$fresh" "$wheels"
  mv "$PREFIX/SHA256SUMS.new" "$wheels/SHA256SUMS"
  note "installed ${#changed[@]} of ${#all[@]} distributions"
}

# Not pip's own script, whose imports take more than half of the time of a short command. `-S` leaves out Python's own search
# for packages, because this knows where they are; only a plugin that is being developed here (a .pth file) has to be found.
# The index has the byte code of all plugins in one file, which saves a fifth of a short command.
write_launcher() {
  local path=$BIN/$1 packages text
  packages=$("$VENV/bin/python" -I -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  text="#!$VENV/bin/python -IS
import gc
import os
import sys

# By default, Python searches for cycles after every 700 new objects: 0.7 ms in a short command, which has none.
gc.set_threshold(50_000)
PACKAGES = \"$packages\"
sys.path.append(PACKAGES)
if any(name.endswith(\".pth\") and name != \"distutils-precedence.pth\" for name in os.listdir(PACKAGES)):
    import site

    site.addsitedir(PACKAGES)
else:
    from dokkupy_plugins.launch import Index

    sys.meta_path.insert(0, Index(PACKAGES))
from dokkupy.cli.main import run

run()
"
  if [[ $(cat "$path" 2>/dev/null) == "${text%$'\n'}" && -x $path ]]; then return 0; fi
  if [[ -e $path ]] && ! grep -q 'dokkupy' "$path"; then
    die "$path exists and does not belong to dokkupy." "If Dokku is installed here, remove it first, because both cannot share a machine. Otherwise move $path away."
  fi
  mkdir -p "$BIN"
  printf '%s' "$text" >"$path.new"
  chmod 755 "$path.new"
  mv "$path.new" "$path"
}

set_up_host() {
  step "Setting up the host"
  if [[ $dry_run == yes ]]; then
    if [[ -x $BIN/dokkupy ]]; then "$BIN/dokkupy" setup --dry-run; else note "would: dokkupy setup --yes"; fi
    return
  fi
  local -a options=(--yes)
  if [[ $verbose == yes ]]; then options+=(--verbose); fi
  "$BIN/dokkupy" setup "${options[@]}" </dev/null || die "\`dokkupy setup\` failed (above)." "Run \`dokkupy doctor\` for details."
}

# --- the demo ------------------------------------------------------------------------------------------------------

run_demo() {
  local home=${HOME:-/root} repository port url_port domain hostname answer attempt
  local work=$home/.dokkupy-demo
  repository=$work/hello
  if [[ $dry_run == yes ]]; then
    note "would: push $HERE/examples/apps/hello to dokku@127.0.0.1:hello and request its page"
    return
  fi
  [[ -d $HERE/examples/apps/hello ]] || die "The demo requires examples/apps/hello of the checkout, which is not beside $0." "Run install.sh from a complete checkout."
  install -d -m 700 "$work"
  port=$(/usr/sbin/sshd -T 2>/dev/null | sed -n 's/^port //p' | head -n 1)

  if [[ ! -e $work/key.pub ]]; then
    ssh-keygen -q -t ed25519 -N '' -C dokkupy-demo -f "$work/key"
  fi
  if ! "$BIN/dokkupy" ssh-keys:list 2>/dev/null | grep -q 'NAME="demo"'; then
    "$BIN/dokkupy" ssh-keys:add demo <"$work/key.pub" >>"$LOG"
  fi

  domain=$("$BIN/dokkupy" domains:report --global --domains-global-vhosts 2>/dev/null </dev/null | tr ' ' '\n' | sed -n '/[a-z]/{p;q}') || true
  if [[ -z $domain ]]; then
    # Every browser resolves *.localhost to this machine.
    domain=$DEMO_DOMAIN
    "$BIN/dokkupy" domains:add-global "$domain" </dev/null
  fi

  if "$BIN/dokkupy" apps:exists hello >/dev/null 2>&1 </dev/null; then
    [[ -d $repository/.git ]] || die "The app hello exists already and does not belong to the demo." \
      "Rename it (\`dokkupy apps:rename hello NAME\`) or destroy it, then run the demo again."
  fi
  # Create the repository first, because it shows that the app belongs to the demo.
  prepare_demo_repository "$repository"
  "$BIN/dokkupy" apps:exists hello >/dev/null 2>&1 </dev/null || "$BIN/dokkupy" apps:create hello </dev/null
  choose_demo_base

  step "git push dokku@127.0.0.1:hello main"
  GIT_SSH_COMMAND="ssh -i '$work/key' -p ${port:-22} -F none -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile='$work/known_hosts' -o LogLevel=ERROR" \
    git -C "$repository" push --force dokku@127.0.0.1:hello main </dev/null ||
    die "The push failed (above)." "Run \`dokkupy logs:failed hello\` and \`dokkupy doctor\` for details."

  hostname=hello.$domain
  url_port=80
  for attempt in 1 2 3 4 5; do
    answer=$(curl --noproxy '*' -sS --fail --max-time 10 --resolve "$hostname:$url_port:127.0.0.1" "http://$hostname/" 2>&1) && break
    [[ $attempt == 5 ]] && die "http://$hostname/ does not answer: $answer" "\`dokkupy nginx:show-config hello\` shows its route."
    sleep 1
  done
  printf '\n'
  step "The demo app answers"
  note "http://$hostname/"
  note "$answer"
  note "From your laptop: curl -H 'Host: $hostname' http://$(machine_address url)/"
}

# Uses the official image if it can be pulled, else a base of Debian's packages, which is made once.
choose_demo_base() {
  docker image inspect "$OFFICIAL_BASE" >/dev/null 2>&1 && return 0
  if ! docker image inspect "$DEMO_BASE" >/dev/null 2>&1; then
    step "Fetching $OFFICIAL_BASE"
    if timeout 60 docker pull -q "$OFFICIAL_BASE" >>"$LOG" 2>&1 </dev/null; then return 0; fi
    note "No image registry is reachable: building a base image from Debian's packages instead."
    make_demo_base
  fi
  if ! "$BIN/dokkupy" docker-options:report hello 2>/dev/null </dev/null | grep -qF "BASE=$DEMO_BASE"; then
    "$BIN/dokkupy" docker-options:add hello build "--build-arg BASE=$DEMO_BASE" </dev/null
  fi
}

make_demo_base() {
  local root suite
  # shellcheck source=/dev/null
  suite=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-bookworm}")
  have debootstrap || apt_install debootstrap
  root=$(mktemp -d "$PREFIX/base.XXXXXX")
  quietly "Making the base image" debootstrap --variant=minbase --include=ca-certificates,python3 "$suite" "$root"
  tar -C "$root" --exclude=./var/cache/apt/archives --exclude=./var/lib/apt/lists -c . |
    docker import --change 'CMD ["python3"]' - "$DEMO_BASE" >>"$LOG"
  rm -rf -- "$root"
}

# Makes a commit in each run, because otherwise git has nothing to push.
prepare_demo_repository() {
  local repository=$1
  if [[ ! -d $repository/.git ]]; then
    rm -rf -- "$repository"
    git -c init.defaultBranch=main init -q "$repository"
  fi
  find "$repository" -mindepth 1 -maxdepth 1 ! -name .git -exec rm -rf -- {} +
  cp -R "$HERE/examples/apps/hello/." "$repository/"
  git -C "$repository" checkout -q -B main 2>/dev/null || true
  git -C "$repository" add -A
  git -C "$repository" -c user.name=dokkupy -c user.email=demo@localhost -c commit.gpgsign=false \
    commit -q --allow-empty -m "Demo of $(date -u +%FT%TZ)"
}

# --- the next commands for a newcomer ------------------------------------------------------------------------------

# The address at which other machines reach this one. url: with an IPv6 address in brackets.
machine_address() {
  local address
  # `ip route get` sends nothing. 192.0.2.1 and 2001:db8::1 are addresses for documentation.
  address=$("$VENV/bin/python" -I -c '
import os, socket
address = (os.environ.get("SSH_CONNECTION", "").split() + [""] * 3)[2]
for family, there in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
    if not address:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            try:
                asked.connect((there, 9))
                address = asked.getsockname()[0]
            except OSError:
                pass
print(address or socket.gethostname())') || address=$(uname -n)
  if [[ ${1:-} == url && $address == *:* ]]; then address="[$address]"; fi
  printf '%s\n' "$address"
}

say_what_is_next() {
  local address login remote port installed
  installed=$("$VENV/bin/python" -I -c 'from importlib.metadata import version; print(version("dokkupy-core"))')
  address=$(machine_address)
  port=$(/usr/sbin/sshd -T 2>/dev/null | sed -n 's/^port //p' | head -n 1)
  login="ssh root@$address dokkupy"
  # A user who became root by sudo may not be able to log in as root.
  if [[ -n ${SUDO_USER:-} && $SUDO_USER != root ]]; then login="ssh $SUDO_USER@$address sudo dokkupy"; fi
  remote="$USER_REMOTE@$(machine_address url):blog"
  if [[ ${port:-22} != 22 ]]; then
    login="ssh -p $port ${login#ssh }"
    remote="ssh://$USER_REMOTE@$(machine_address url):$port/blog"
  fi
  printf '\n'
  step "dokkupy $installed is ready. Next, on your laptop: your key, your domain, and in a repository your app"
  note "$login ssh-keys:add me < ~/.ssh/id_ed25519.pub"
  note "$login domains:set-global apps.example.com"
  note "git remote add dokku $remote"
  note "git push dokku main"
}

# --- removal -------------------------------------------------------------------------------------------------------

# Without dokkupy nobody looks after containers: they are stopped, or destroyed with their data.
remove_apps() {
  local app kind name
  if [[ $purge == no ]]; then
    act "stop all apps" "$BIN/dokkupy" ps:stop --all </dev/null || note "Not every app could be stopped (above)."
    while read -r kind name; do
      act "stop the service $kind:$name" "$BIN/dokkupy" "$kind:stop" "$name" </dev/null || note "$kind:$name could not be stopped (above)."
    done < <(services_of services:list)
    return
  fi
  while read -r app; do
    act "destroy the app $app" "$BIN/dokkupy" --force apps:destroy "$app" </dev/null ||
      die "The app $app could not be destroyed (above); nothing else was removed."
  done < <("$BIN/dokkupy" --quiet apps:list </dev/null)
  while read -r kind name; do
    act "destroy the service $kind:$name" "$BIN/dokkupy" services:destroy --purge --force "$kind" "$name" </dev/null ||
      die "The service $kind:$name could not be destroyed (above)."
  done < <(services_of services:list)
  while read -r kind name; do
    act "delete the data of the destroyed service $kind:$name" "$BIN/dokkupy" services:purge --force "$kind" "$name" </dev/null ||
      die "The data of $kind:$name could not be deleted (above)."
  done < <(services_of services:trash)
}

# Kind and name of each service that a command lists; those on other servers are not ours.
services_of() { "$BIN/dokkupy" --quiet "$1" </dev/null 2>/dev/null | sed -n '/^external:/d; s/^\([a-z-]*\):\([^ ]*\) .*/\1 \2/p'; }

remove_dokkupy() {
  local answer path
  if [[ $purge == no && -d $STATE && $yes == no && $dry_run == no && -t 0 ]]; then
    read -r -p "Remove all apps, services and their data too? [y/N] " answer
    [[ $answer == [yY]* ]] && purge=yes
  fi
  if [[ -x $BIN/dokkupy ]]; then
    step "Removing what runs, and dokkupy's configuration of the host"
    remove_apps
    local -a options=(--remove --yes)
    if [[ $dry_run == yes ]]; then options+=(--dry-run); fi
    "$BIN/dokkupy" setup "${options[@]}" </dev/null ||
      die "\`dokkupy setup --remove\` failed (above); nothing else was removed."
  fi
  for path in "$BIN/dokkupy" "$BIN/dokku"; do
    if [[ -e $path ]] && grep -q dokkupy "$path"; then act "remove $path" rm -f -- "$path"; fi
  done
  if [[ -s $PREFIX/packages ]]; then
    note "These packages were installed for dokkupy and stay, because other programs may use them now:"
    note "  $(sort -u "$PREFIX/packages" | tr '\n' ' ')"
  fi
  for path in "$PREFIX" "${HOME:-/root}/.dokkupy-demo"; do
    [[ ! -d $path ]] || act "remove $path" rm -rf -- "$path"
  done
  for path in "$STATE" "$STORAGE" "$SECRETS"; do
    [[ -d $path ]] || continue
    if [[ $purge == yes ]]; then act "remove $path" rm -rf -- "$path"; else note "Kept: $path"; fi
  done
  if [[ $purge == no && -d $STATE ]]; then
    note "Another install picks the apps up (\`dokkupy ps:start --all\`); --uninstall --purge removes them, while dokkupy is installed."
  fi
  if [[ $dry_run == yes ]]; then
    step "Nothing was removed: this was a dry run"
    return
  fi
  rm -f "$LOG"
  step "dokkupy is gone"
}

# -------------------------------------------------------------------------------------------------------------------

main() {
  while [[ $# -gt 0 ]]; do
    case $1 in
      --demo) demo=yes ;;
      --yes | -y) yes=yes ;;
      --dry-run) dry_run=yes ;;
      --verbose) verbose=yes ;;
      --uninstall) uninstall=yes ;;
      --purge) purge=yes ;;
      --version)
        [[ -n ${2:-} ]] || die "--version requires a version, such as --version 0.1.0."
        version=$2
        shift
        ;;
      --version=*) version=${1#*=} ;;
      --from)
        [[ -n ${2:-} ]] || die "--from requires a folder, such as --from dist/0.1.0."
        from=$2
        shift
        ;;
      --from=*) from=${1#*=} ;;
      --help | -h)
        usage
        exit 0
        ;;
      *)
        usage >&2
        die "unknown option: $1"
        ;;
    esac
    shift
  done
  [[ $purge == no || $uninstall == yes ]] || die "--purge is only for --uninstall." "Use: $0 --uninstall --purge"
  if [[ -n $from ]]; then
    [[ -n $version ]] || die "--from requires --version, which selects a release in $from." "Such as: $0 --version 0.1.0 --from $from"
    compgen -G "$from/dokkupy-$version-*.whl" >/dev/null || die "There is no release $version in $from." "\`make release\` writes one."
    from=$(cd -- "$from" && pwd)
  fi
  check_machine "$@"
  export PATH=$SAFE_PATH
  if [[ $uninstall == yes ]]; then
    remove_dokkupy
    return
  fi
  if [[ $dry_run == no ]]; then
    mkdir -p "$PREFIX"
    touch "$LOG"
    chmod 600 "$LOG"
    # Only one installer may run at a time.
    exec 9>"$PREFIX/.lock"
    flock -n 9 || die "Another installation is running." "Wait until it has ended."
    # /tmp may be small, in memory or not writable.
    export TMPDIR=$PREFIX/tmp
    rm -rf -- "$TMPDIR"
    mkdir -m 700 -- "$TMPDIR"
    trap 'rm -rf -- "$PREFIX/tmp"' EXIT
  fi
  install_packages
  require_python
  trust_system_certificates
  start_servers
  install_dokkupy
  set_up_host
  if [[ $demo == yes ]]; then run_demo; fi
  [[ $dry_run == yes ]] || say_what_is_next
}

main "$@"
