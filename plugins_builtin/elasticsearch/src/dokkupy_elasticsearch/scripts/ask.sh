# ask METHOD PATH [BODY]: the server's answer to a request of the administrator.
ask() {
  curl -sS -K /run/dokkupy/curl -H 'Content-Type: application/json' -X "$1" ${3:+-d "$3"} "http://127.0.0.1:9200/$2"
}

# require TEXT METHOD PATH [BODY]: ask, and fail with the answer if it does not have this text.
require() {
  wanted=$1
  shift
  answer=$(ask "$@")
  case $answer in
  *"$wanted"*) ;;
  *)
    echo "$answer" >&2
    exit 1
    ;;
  esac
}

# A repository of its own for each dump and restore. $work/data: its directory.
repository() {
  work=$(mktemp -d "$1/.dokkupy-snapshot.XXXXXX")
  name=$(basename "$work")
  trap 'ask DELETE "_snapshot/$name" >/dev/null 2>&1 || :; rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM PIPE
}
