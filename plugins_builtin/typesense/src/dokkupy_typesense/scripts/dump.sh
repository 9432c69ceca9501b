# Writes a tar archive of a snapshot that the server makes. $1: the directory of the data. $2: seconds that it may take.
copy=$(mktemp -d "$1/.dokkupy-dump.XXXXXX")
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' HUP INT TERM PIPE
if ! answer=$(ask POST "/operations/snapshot?snapshot_path=$copy/data" "$2") || ! [ -d "$copy/data" ]; then
  echo "The server made no snapshot: $answer" >&2
  exit 1
fi
: >"$copy/dokkupy-end-of-dump"
tar -C "$copy" -c -f - data dokkupy-end-of-dump
