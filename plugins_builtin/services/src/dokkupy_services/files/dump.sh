# Writes a tar archive of the data as it is at one moment: the server is frozen while its files are copied.
# $1: the directory of the data. $2: for how many seconds the server may be frozen.
server=$(cat /tmp/dokkupy-server.pid)
exec 9>/tmp/dokkupy-dump.lock
flock 9
rm -rf "$1"/.dokkupy-dump.*
copy=$(mktemp -d "$1/.dokkupy-dump.XXXXXX")
# It continues the server even if this program is killed.
(sleep "$2"; kill -s CONT -- "-$server") >/dev/null 2>&1 </dev/null 9>&- &
limit=$!
trap 'kill -s CONT -- "-$server"; kill "$limit" 2>/dev/null || :; rm -rf "$copy"' EXIT
trap 'exit 1' HUP INT TERM PIPE
mkdir "$copy/data"
kill -s STOP -- "-$server"
find "$1" -mindepth 1 -maxdepth 1 ! -name '.dokkupy-*' ! -name lost+found -exec cp -a {} "$copy/data/" \;
if ! kill -s 0 "$limit" 2>/dev/null; then
  echo "The files could not be copied in $2 seconds, for which the server may be frozen" >&2
  exit 1
fi
kill -s CONT -- "-$server"
: >"$copy/dokkupy-end-of-dump"
tar -C "$copy" -c -f - data dokkupy-end-of-dump
