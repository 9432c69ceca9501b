# Makes a dump on standard input the content. A second server, of the same options (the arguments), loads the dump, which
# checks its sum; then this one becomes its replica for as long as the copy takes. So it goes without a restart, and what
# the server keeps on disk is in order at the end.
port=26380
fail() {
  echo "$*" >&2
  exit 1
}

umask 077
work=$(mktemp -d /data/restore.XXXXXX)
loader=
finish() {
  if [ -n "$loader" ]; then
    kill "$loader" 2>/dev/null || :
    wait "$loader" || :
  fi
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# dd and read take no byte too much from a pipe.
: >"$work/users"
magic=$(dd bs=1 count=5 2>/dev/null | tr -d '\0')
case $magic in
REDIS)
  { printf REDIS && cat; } >"$work/dump.rdb"
  ;;
DOKKU)
  IFS= read -r line
  [ "$line" = 'PY-REDIS 1' ] || fail "this dump has another version than is known here"
  while IFS= read -r line && [ "$line" != RDB ]; do printf '%s\n' "$line"; done >"$work/users"
  cat >"$work/dump.rdb"
  [ "$(tail -c 18 "$work/dump.rdb" | tr -d '\0')" = 'DOKKUPY-REDIS END' ] || fail "the dump ends early"
  ;;
*)
  fail "this is no dump of Redis"
  ;;
esac

owner=$(stat -c %u:%g /data)
chown -R "$owner" "$work"
# By the image's entry point, which drops root and adds the image's modules.
cd /data
docker-entrypoint.sh redis-server "$@" --dir "$work" --dbfilename dump.rdb --appendonly no --save '' --maxmemory 0 \
  --port "$port" --bind 127.0.0.1 --protected-mode no --requirepass '' --unixsocket "$work/socket" \
  --repl-diskless-sync yes --repl-diskless-sync-delay 0 --logfile '' --daemonize no >"$work/log" 2>&1 &
loader=$!
from() { redis-cli -s "$work/socket" "$@"; }
alive() {
  kill -0 "$loader" 2>/dev/null || {
    tail -n 8 "$work/log" >&2
    fail "the server cannot load this dump"
  }
}
until [ "$(from PING 2>/dev/null)" = PONG ]; do
  alive
  sleep 0.1
done

value() { tr -d '\r' | sed -n "s/^$1://p"; }
admin -e REPLICAOF 127.0.0.1 "$port" >/dev/null
until [ "$(admin -e INFO replication | value master_link_status)" = up ]; do
  alive
  # A second try means that the first failed, as for want of disk; so will the next.
  [ "$(from INFO stats | value sync_full)" -le 1 ] || fail "the server did not take the content, see its log"
  sleep 0.1
done
admin -e REPLICAOF NO ONE >/dev/null

# What it wrote to disk before is replaced in the background; until then a crash would bring that back.
if [ "$(admin -e INFO persistence | value aof_enabled)" = 1 ]; then
  while :; do
    state=$(admin -e INFO persistence)
    pending=$(printf '%s\n' "$state" | value 'aof_rewrite_\(in_progress\|scheduled\)' | tr -d '0\n')
    [ -n "$pending" ] || break
    sleep 0.1
  done
  [ "$(printf '%s\n' "$state" | value aof_last_bgrewrite_status)" = ok ] || fail "the content could not be written to disk"
else
  admin -e SAVE >/dev/null
fi

cat /run/dokkupy/users.acl "$work/users" >users.acl.new
chown "$owner" users.acl.new
mv users.acl.new users.acl
admin -e ACL LOAD >/dev/null
