# Replaces the database by a dump on standard input: the server imports it when it starts without a database.
# $1: the database. $2: the file from which the server imports. The others: a program that exits with 0 once it answers.
database=$1 file=$2
shift 2
state=/tmp/dokkupy-server
trap 'rm -f "$file" "$state.held"' EXIT
trap 'exit 1' HUP INT TERM PIPE
cat >"$file"
: >"$state.held"
server=$(cat "$state.pid")
kill -s TERM "$server"
while kill -s 0 "$server" 2>/dev/null; do sleep 0.1; done
rm -rf "$database"
sync
rm "$state.held"
until "$@" >/dev/null 2>&1; do sleep 0.2; done
