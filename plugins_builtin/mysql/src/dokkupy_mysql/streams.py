"""The scripts that write and read dumps inside the container.

They are constant; names are arguments. A dump is text: `-- dokkupy KIND 1 DATABASE USER [history]`, the accounts, all
databases as the server's dumper writes them, the privileges of the accounts, and `-- dokkupy whole`. An export is only
the output of the dumper.
"""

from __future__ import annotations

from dokkupy_mysql.sql import OURS, SESSION, Accounts

OWN_DUMP = b"-- dokkupy "
"""The beginning of our dumps."""
WHOLE = "-- dokkupy whole"
COMPLETED = "-- Dump completed"
"""The beginning of the last line of a complete dump of mysqldump, unless an option suppresses it."""

DUMP_OPTIONS = (
    "--quick",
    "--routines",
    "--triggers",
    "--events",
    "--hex-blob",
    "--no-tablespaces",
    "--max-allowed-packet=1G",
)


QUERY = f"""
session=$(cat <<'END'
{SESSION}
END
)
fail() {{ echo "$*" >&2; exit 1; }}
# query: what statements on standard input give, as the administrator
query() {{ {{ printf '%s\\n' "$session"; cat; }} |
  "$client" "$admin" --default-character-set=utf8mb4 --batch --raw --skip-column-names; }}
for word in "$database" "$user"; do
  [[ $word =~ ^[A-Za-z0-9_]+$ ]] || fail "this is no name of a service's database or user: $word"
done
"""


def dump_script(accounts: Accounts) -> str:
    """Arguments: client, its option file, kind, database, user of the apps, then the dumper with its arguments."""
    account = "concat(quote(user), '@', quote(host))"
    people = f"FROM mysql.user WHERE {accounts.where}"
    return f"""
client=$1 admin=$2 kind=$3 database=$4 user=$5
shift 5
{QUERY}
# shown: what the statements give that statements on standard input give, each row a statement
shown() {{ query | query | sed 's/$/;/'; }}

tables=$(query <<'END'
SELECT coalesce(sum(table_type = 'SYSTEM VERSIONED'), 0),
  coalesce(sum(table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND engine NOT IN ('InnoDB', 'ROCKSDB')), 0)
FROM information_schema.tables WHERE table_schema {OURS};
END
)
read -r versioned locked <<<"$tables"
words=("$@") history=
# Tables without transactions are the same from first to last only while nobody writes.
if [ "$locked" = 0 ]; then words+=(--single-transaction); else words+=(--lock-all-tables); fi
if [ "$versioned" != 0 ]; then words+=(--dump-history) history=" history"; fi

printf -- '-- dokkupy %s 1 %s %s%s\\n' "$kind" "$database" "$user" "$history"
query <<'END'
{accounts.roles}
END
shown <<END
SELECT concat('SELECT ', quote(concat('DROP USER IF EXISTS ', {account})), '; SHOW CREATE USER ', {account}, ';')
{people} AND NOT (user = '$user' AND host = '%') AND {accounts.users};
END
databases=$(query <<'END'
SELECT schema_name FROM information_schema.schemata WHERE schema_name {OURS} ORDER BY schema_name;
END
)
mapfile -t names <<<"$databases"
"${{words[@]}}" --add-drop-database --databases -- "${{names[@]}}"
printf 'REVOKE ALL PRIVILEGES, GRANT OPTION FROM `%s`@`%%`;\\n' "$user"
shown <<'END' | sed -E "/ TO .$user.@/s/ IDENTIFIED (BY PASSWORD|VIA [a-z0-9_]+ USING) '[^']*'//"
SELECT concat('SHOW GRANTS FOR ', if(host = '', quote(user), {account}), ';') {people};
END
printf '%s\\n' '{WHOLE}'
"""


RESTORE = f"""
client=$1 admin=$2 app=$3 kind=$4 database=$5 user=$6
{QUERY}
export LC_ALL=C
IFS= read -r -n 300 first || [ -n "$first" ] || fail "the dump is empty"
rewrite='s/^$//'
if [ "${{first% history}}" = "-- dokkupy $kind 1 $database $user" ]; then
  as=("$admin") end='{WHOLE}'
  # The end of time, which is a current row's, is later since MariaDB 11.5.
  if [[ $first == *" history" && $(query <<<"SELECT from_unixtime(2147483648) IS NOT NULL;") == 1 ]]; then
    rewrite="/^(INSERT INTO |[(])/s/'2038-01-19 03:14:07\\\\.999999'/'2106-02-07 06:28:15.999999'/g"
  fi
elif [[ $first == "-- dokkupy "* ]]; then
  fail "this is the dump of another kind, service or version: ${{first#-- dokkupy }}"
elif [[ $first == "-- "* || $first == "/*"* ]]; then
  # Somebody's dump: it may do what an app may. What runs with its definer's rights runs with that user's, who is here.
  as=("$app" "--database=$database") end='{COMPLETED}'
  rewrite='/^(CREATE |\\/\\*!50[0-9]{{3}} )/s/DEFINER=`[^`]*`(@`[^`]*`)?/DEFINER=`'"$user"'`@`%`/'
  query <<<"DROP DATABASE IF EXISTS \\`$database\\`; CREATE DATABASE \\`$database\\` CHARACTER SET utf8mb4;"
else
  fail "this is no dump of mysqldump"
fi

# No event happens before all is there; a row in hexadecimal is twice as long as one that an app may write.
before=$(query <<<"SELECT @@GLOBAL.event_scheduler, @@GLOBAL.max_allowed_packet;")
read -r scheduler packet <<<"$before"
if [ "$scheduler" = ON ]; then query <<<"SET GLOBAL event_scheduler = OFF;"; fi
query <<<"SET GLOBAL max_allowed_packet = 1073741824;"
last=$(mktemp)
trap 'rm -f "$last"' EXIT
# Binary mode: no command of the client works, so that a dump cannot run programs. Comments belong to routines.
{{ printf '%s\\n' "$first"; cat; }} | sed -E -e "$rewrite" \\
    -e '/^SET @@SESSION\\.SQL_LOG_BIN/d' -e '/^SET @@GLOBAL\\.GTID_PURGED=/{{:a;/;$/!{{N;ba}};d}}' \\
    -e '/^\\/\\*M?!999999\\\\-/d' -e "\\$w $last" |
  "$client" "${{as[@]}}" --default-character-set=utf8mb4 --binary-mode --comments --max-allowed-packet=1G --local-infile=0 \\
    >/dev/null
[[ $(cat "$last") == "$end"* ]] || fail "the dump ends early"
query <<<"SET GLOBAL max_allowed_packet = $packet;"
if [ "$scheduler" = ON ]; then query <<<"SET GLOBAL event_scheduler = ON;"; fi
"""
"""Arguments: client, option file of the administrator, option file of the apps, kind, database, user. The dump is on
standard input."""


def why_not_whole(head: bytes, tail: bytes) -> str:
    """Why a dump with this beginning and end is incomplete; empty if it seems complete."""
    last = tail.rstrip().rpartition(b"\n")[2]
    if head.startswith(OWN_DUMP):
        return "" if last == WHOLE.encode() else "its end is missing"
    if not head.startswith((b"-- ", b"/*")):
        return "it is not what mysqldump writes"
    return "" if last.startswith(COMPLETED.encode()) else f"it does not end with {COMPLETED!r}, as mysqldump's do"
