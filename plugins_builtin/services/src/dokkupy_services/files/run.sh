# Starts the server in a process group of its own, which a dump freezes, and a restore ends and starts again.
# Arguments: the server's argv.
state=/tmp/dokkupy-server
ending=
rm -f "$state.held"
trap 'ending=1; kill -s TERM "$server" 2>/dev/null; kill -s CONT -- "-$server" 2>/dev/null || :' TERM INT QUIT
while :; do
  setsid "$@" &
  server=$!
  echo "$server" >"$state.pid"
  status=0
  wait "$server" || status=$?
  # A signal ends the wait before the server has ended.
  while kill -s 0 "$server" 2>/dev/null; do
    status=0
    wait "$server" || status=$?
  done
  [ -z "$ending" ] && [ -e "$state.held" ] || exit "$status"
  while [ -e "$state.held" ]; do
    [ -z "$ending" ] || exit "$status"
    sleep 0.1
  done
done
