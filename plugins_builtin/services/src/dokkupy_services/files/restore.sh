# Replaces the data by that of an archive on standard input, and waits until the server answers.
# $1: the directory of the data. The other arguments: a program that exits with 0 once the server answers.
data=$1
shift
state=/tmp/dokkupy-server
work=$(mktemp -d "$data/.dokkupy-restore.XXXXXX")
trap 'rm -rf "$work" "$state.held"' EXIT
tar -C "$work" -x -f -
if ! [ -d "$work/data" ] || ! [ -e "$work/dokkupy-end-of-dump" ]; then
  echo "The archive is no whole dump" >&2
  exit 1
fi
: >"$state.held"
server=$(cat "$state.pid")
kill -s TERM "$server"
while kill -s 0 "$server" 2>/dev/null; do sleep 0.1; done
find "$data" -mindepth 1 -maxdepth 1 ! -name '.dokkupy-*' ! -name lost+found -exec rm -rf {} +
find "$work/data" -mindepth 1 -maxdepth 1 -exec mv {} "$data/" \;
# A crash after this program has ended must not bring back what was there.
sync
rm "$state.held"
until "$@" >/dev/null 2>&1; do sleep 0.2; done
