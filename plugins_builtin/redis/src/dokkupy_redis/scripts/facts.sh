# Prints the facts, a line each: name, tab, value. Argument: facts.lua.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
newline='
'
export LC_ALL=C
look() { admin -e -n "$db" EVAL_RO "$lua" 0 "$@"; }
sum() { sha256sum | cut -c 1-32; }

# The lines of all keys of a database. The more there is to look at in one go, the fewer keys are asked for.
scan() {
  cursor=0 count=20
  while :; do
    answer=$(look scan "$cursor" "$count")
    first=${answer%%"$newline"*}
    [ "$first" = "$answer" ] || printf '%s\n' "${answer#*"$newline"}"
    cursor=${first% *}
    [ "$cursor" != 0 ] || break
    if [ "${first#* }" -gt 40000 ] && [ "$count" -gt 2 ]; then count=$((count / 4)); fi
    if [ "${first#* }" -lt 10000 ] && [ "$count" -lt 2000 ]; then count=$((count * 2)); fi
  done
}

slices() {
  from=0
  while [ "$from" != end ]; do
    answer=$(look slice "$1" "$2" "$from")
    from=${answer%%"$newline"*}
    [ "$from" = "$answer" ] || printf '%s\n' "${answer#*"$newline"}"
  done
}

lua=$1
databases=$(admin -e INFO keyspace)
for db in $(printf '%s\n' "$databases" | sed -n 's/^db\([0-9]*\):.*/\1/p'); do
  scan >"$work/raw"
  # A cursor may come by a key twice.
  sort -u -S 32M -T "$work" "$work/raw" >"$work/keys"
  sed -n '/^big /p' "$work/keys" >"$work/big"
  while read -r _ kind name; do
    slices "$name" "$kind" >"$work/raw"
    echo "$(printf %s "$name" | sum) $kind $(sort -u -S 32M -T "$work" "$work/raw" | sum)"
  done <"$work/big" >"$work/looked-at"
  sed -i '/^big /d' "$work/keys"
  cat "$work/looked-at" >>"$work/keys"
  awk -v db="$db" '{ n[$2]++ } END { for (type in n) printf "database %s: keys of type %s\t%d\n", db, type, n[type] }' "$work/keys"
  if [ -s "$work/keys" ]; then printf 'content of database %s\t%s\n' "$db" "$(sum <"$work/keys")"; fi
done

admin -e FUNCTION LIST WITHCODE >"$work/raw"
printf 'functions\t%s\n' "$(sort "$work/raw" | sum)"
users=$(admin -e ACL USERS)
printf 'users\t%s\n' "$(printf '%s\n' "$users" | grep -v -x -e default -e dokkupy | sort | tr '\n' ' ')"
