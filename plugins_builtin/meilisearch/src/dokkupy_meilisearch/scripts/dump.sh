# Writes a dump that the server makes. $1: the directory of its dumps.
ask() {
  curl -sS -K /run/dokkupy/curl -X "$1" "http://127.0.0.1:7700/$2"
}
answer=$(ask POST dumps)
task=$(printf '%s' "$answer" | sed -n 's/.*"taskUid": *\([0-9]*\).*/\1/p')
if [ -z "$task" ]; then
  echo "$answer" >&2
  exit 1
fi
while :; do
  answer=$(ask GET "tasks/$task")
  case $(printf '%s' "$answer" | sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p') in
  enqueued | processing) sleep 0.2 ;;
  succeeded) break ;;
  *)
    echo "$answer" >&2
    exit 1
    ;;
  esac
done
file=$1/$(printf '%s' "$answer" | sed -n 's/.*"dumpUid": *"\([A-Za-z0-9-]*\)".*/\1/p').dump
trap 'rm -f "$file"' EXIT
trap 'exit 1' HUP INT TERM PIPE
cat "$file"
