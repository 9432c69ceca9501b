"""The SQL that the datastore runs. Pure.

Names are quoted by `identifier`, values by `literal`: https://www.postgresql.org/docs/current/sql-syntax-lexical.html
"""

from __future__ import annotations

from collections.abc import Callable

DATABASES = "SELECT datname FROM pg_database WHERE NOT datistemplate"

RESERVED = ("postgres", "template0", "template1")
"""Names that the user of a service cannot have: that of the administrator, and those of databases that always exist."""


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string literal that is right for both values of standard_conforming_strings."""
    return " E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def role(name: str, password: str) -> str:
    """Create the apps' user, or set its password. It may only log in."""
    who = identifier(name)
    return f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname ={literal(name)}) THEN
    CREATE ROLE {who} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
  END IF;
END $$;
ALTER ROLE {who} PASSWORD{literal(password)};
"""


def database(name: str, owner: str) -> str:
    return f"CREATE DATABASE {identifier(name)} OWNER {identifier(owner)};"


def owned(name: str, owner: str) -> str:
    """Give a database to its owner alone. The owner may do everything in it that does not require a superuser, also in
    the schema `public`."""
    return f"""
REVOKE ALL ON DATABASE {identifier(name)} FROM PUBLIC;
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
GRANT ALL ON SCHEMA public TO {identifier(owner)};
"""


ROLES = """
SELECT format('CREATE ROLE %I WITH %s %s %s %s %s %s %s CONNECTION LIMIT %s%s%s;', rolname,
  CASE WHEN rolsuper THEN 'SUPERUSER' ELSE 'NOSUPERUSER' END, CASE WHEN rolinherit THEN 'INHERIT' ELSE 'NOINHERIT' END,
  CASE WHEN rolcreaterole THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END,
  CASE WHEN rolcreatedb THEN 'CREATEDB' ELSE 'NOCREATEDB' END, CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END,
  CASE WHEN rolreplication THEN 'REPLICATION' ELSE 'NOREPLICATION' END,
  CASE WHEN rolbypassrls THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END, rolconnlimit,
  CASE WHEN rolpassword IS NULL THEN '' ELSE format(' PASSWORD %L', rolpassword) END,
  CASE WHEN rolvaliduntil IS NULL THEN '' ELSE format(' VALID UNTIL %L', rolvaliduntil) END)
FROM pg_authid WHERE rolname !~ '^pg_' AND rolname NOT IN (:'admin', :'user') ORDER BY rolname;
SELECT format('GRANT %I TO %I%s;', r.rolname, m.rolname, CASE WHEN a.admin_option THEN ' WITH ADMIN OPTION' ELSE '' END)
FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
WHERE m.rolname !~ '^pg_' ORDER BY 1;
SELECT format('ALTER ROLE %I SET %I TO %s;', r.rolname, split_part(c, '=', 1),
  CASE WHEN split_part(c, '=', 1) ~ '(search_path|_libraries|^DateStyle)$' THEN substr(c, strpos(c, '=') + 1)
  ELSE quote_literal(substr(c, strpos(c, '=') + 1)) END)
FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c WHERE s.setdatabase = 0 ORDER BY 1;
SELECT format('ALTER DATABASE %I SET %I TO %s;', d.datname, split_part(c, '=', 1),
  CASE WHEN split_part(c, '=', 1) ~ '(search_path|_libraries|^DateStyle)$' THEN substr(c, strpos(c, '=') + 1)
  ELSE quote_literal(substr(c, strpos(c, '=') + 1)) END)
FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c
WHERE s.setrole = 0 AND d.datname = :'database' ORDER BY 1;
"""
"""Print the statements that create the further roles with the hashes of their passwords, and the settings of the roles
and the database, because pg_dump leaves them out."""

HEADER = "DOKKU"
"""The first bytes of a complete dump. It has a line `DOKKUPY-POSTGRES 1 BYTES`, then BYTES of statements, then a dump
in custom format."""

DUMP = f"""
database=$1 user=$2 admin=$3
roles=$(mktemp)
trap 'rm -f "$roles"' EXIT
psql -X -q -A -t -v ON_ERROR_STOP=1 -U "$admin" -d "$database" -v admin="$admin" -v user="$user" \\
  -v database="$database" >"$roles" <<'END'
{ROLES}
END
printf 'DOKKUPY-POSTGRES 1 %s\\n' "$(wc -c <"$roles")"
cat "$roles"
pg_dump -U "$admin" -Fc -d "$database"
"""
"""A constant script. Arguments: database, user of the apps, administrator."""

RESTORE = """
database=$1 user=$2 admin=$3
query() { psql -X -q -A -t -v ON_ERROR_STOP=1 -U "$admin" "$@"; }
head=$(head -c 5)
query -d postgres -v database="$database" -v user="$user" <<'END'
DROP DATABASE IF EXISTS :"database" WITH (FORCE);
CREATE DATABASE :"database" OWNER :"user";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
END
first=
if [ "$head" = DOKKU ]; then read -r first; fi
case $head$first in
"DOKKUPY-POSTGRES 1 "*)
  bytes=${first##* } roles=$(mktemp)
  trap 'rm -f "$roles"' EXIT
  head -c "$bytes" >"$roles"
  [ "$(wc -c <"$roles")" = "$bytes" ] || { echo "the dump ends early" >&2; exit 1; }
  query -d postgres -1 -f "$roles" >/dev/null
  pg_restore -U "$admin" --exit-on-error -d "$database"
  ;;
PGDMP | toc.d | DOKKUPY-SQL)
  # Somebody's dump, with owners that are not here: the apps' user gets all, and extensions are a superuser's to make.
  query -d postgres -c 'DROP ROLE IF EXISTS dokkupy_restore' -c 'CREATE ROLE dokkupy_restore SUPERUSER LOGIN'
  if [ "$first" ]; then
    psql -X -q -v ON_ERROR_STOP=1 -U dokkupy_restore -d "$database" -f - >/dev/null
  else
    { printf %s "$head"; cat; } | pg_restore -U dokkupy_restore --exit-on-error --no-owner --no-acl -d "$database"
  fi
  query -d "$database" -v user="$user" <<'END'
REASSIGN OWNED BY dokkupy_restore TO :"user";
DROP OWNED BY dokkupy_restore;
DROP ROLE dokkupy_restore;
END
  ;;
*)
  echo "this dump has a format that is not known here" >&2
  exit 1
  ;;
esac
query -d "$database" -v user="$user" <<'END'
GRANT ALL ON SCHEMA public TO :"user";
ANALYZE;
END
"""
"""A constant script with the arguments of DUMP, and the dump on standard input. It runs on an instance that nobody uses
yet."""

TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1
"""

SCHEMA = """
SELECT 'column', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema'
UNION ALL SELECT 'index', schemaname, tablename, indexname, indexdef, '' FROM pg_indexes
WHERE schemaname !~ '^pg_'
UNION ALL SELECT 'constraint', n.nspname, c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid), c.contype::text
FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema' AND c.contype IN ('p', 'u', 'f', 'c', 'x')
UNION ALL SELECT 'function', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), md5(p.prosrc), ''
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema' AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
UNION ALL SELECT 'trigger', t.tgrelid::regclass::text, t.tgname, '', '', '' FROM pg_trigger t WHERE NOT t.tgisinternal
UNION ALL SELECT 'view', schemaname, viewname, '', '', '' FROM pg_views WHERE schemaname !~ '^pg_'
  AND schemaname <> 'information_schema'
UNION ALL SELECT 'extension', extname, '', '', '', '' FROM pg_extension
UNION ALL SELECT 'owner', n.nspname, c.relname, pg_get_userbyid(c.relowner), c.relkind::text, '' FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND c.relkind IN ('r', 'v', 'm', 'S', 'p')
ORDER BY 1, 2, 3, 4, 5, 6
"""
"""A description of the schema that is the same in all supported versions (NOT NULL became a constraint in 18)."""


def invariants(query: Callable[[str], str]) -> dict[str, str]:
    """The invariants of a database. query: runs statements, returns lines with `|` between the columns."""
    import hashlib

    found = {"schema": hashlib.sha256(query(SCHEMA).encode()).hexdigest()[:32]}
    found["large objects"] = query("SELECT count(*) FROM pg_largeobject_metadata").strip()
    found["roles"] = " ".join(query("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1").split())
    for table in query(TABLES).splitlines():
        rows, content = query(f"SELECT count(*), {CONTENT} FROM {table} t").strip().split("|")
        found[f"table {table}: rows"] = rows
        found[f"content of {table}"] = content
    for row in query(
        "SELECT schemaname, sequencename, coalesce(last_value, 0) FROM pg_sequences ORDER BY 1, 2"
    ).splitlines():
        schema, name, value = row.split("|")
        found[f"sequence {schema}.{name}"] = value
    return found


CONTENT = "coalesce(sum(('x' || left(md5(t::text), 12))::bit(48)::bigint), 0)"
"""A sum over the rows that does not depend on their order."""
