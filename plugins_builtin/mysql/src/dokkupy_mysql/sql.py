"""The SQL that the datastores MySQL and MariaDB run. Pure.

`identifier` quotes names and `literal` quotes values. `SESSION` makes this right for every configuration of the server.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from dokkupy_sdk.names import Secret
from dokkupy_sdk.values import dataclass

SYSTEM = ("information_schema", "performance_schema", "mysql", "sys", "ndbinfo", "test")
"""Databases of the server. No database of a service may have such a name, in upper or lower case. (In old versions,
everybody may use `test`.)"""

RESERVED_USERS = ("root", "mysql", "public", "healthcheck")

OURS = "NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys', 'ndbinfo')"
"""A condition on the name of a database: it is not one of the server's own."""

SESSION = """
SET SESSION sql_mode = '', time_zone = '+00:00';
/*!80000 SET SESSION information_schema_stats_expiry = 0 */;
/*!80017 SET SESSION print_identified_with_as_hex = 1 */;
"""
"""MariaDB ignores comments with these versions. Hexadecimal, because hashes of caching_sha2_password are not text."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """How a server stores accounts. where: condition on `mysql.user` for accounts that neither the server nor the image
    made. users: condition that an account is a user, with the order. roles: statement whose rows are statements that
    create roles; no rows if roles are users.
    """

    where: str
    users: str
    roles: str


MYSQL_ACCOUNTS = Accounts(
    where="user NOT IN ('root', 'mysql.sys', 'mysql.session', 'mysql.infoschema', 'mariadb.sys', '')",
    # In MySQL, roles are users without a password. The default roles of a user must exist before the user.
    users="TRUE ORDER BY authentication_string <> '', user, host",
    roles="SELECT '' FROM DUAL WHERE FALSE;",
)

MARIADB_ACCOUNTS = Accounts(
    where="user NOT IN ('root', 'mariadb.sys', 'mysql', 'healthcheck', '')",
    users="is_role = 'N' ORDER BY user, host",
    roles="""
SELECT concat('CREATE OR REPLACE ROLE ', quote(user), ';') FROM mysql.user WHERE is_role = 'Y' AND user <> 'PUBLIC'
ORDER BY user;
""",
)


def identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def free(name: str, taken: tuple[str, ...]) -> str:
    return f"{name}_app" if name.lower() in taken else name


def option_file(user: str, password: Secret) -> Secret:
    """https://dev.mysql.com/doc/refman/8.4/en/option-files.html"""
    word = password.reveal().replace("\\", "\\\\").replace('"', '\\"')
    return Secret(f'[client]\nuser="{user}"\npassword="{word}"\n')


def apps_database(database: str, user: str, password: Secret) -> str:
    """Create the apps' database and user, or set the user's password. The user has all rights in the database and none
    elsewhere."""
    who, word = f"{literal(user)}@'%'", literal(password.reveal())
    pattern = database.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")  # GRANT expects a pattern
    return f"""
CREATE DATABASE IF NOT EXISTS {identifier(database)} CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS {who} IDENTIFIED BY {word};
ALTER USER {who} IDENTIFIED BY {word};
GRANT ALL PRIVILEGES ON {identifier(pattern)}.* TO {who};
"""


# descriptions of the content that are the same in all versions


COLUMNS = f"""
SELECT 'table', hex(t.table_schema), hex(t.table_name), t.table_type, hex(c.column_name), c.data_type
FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name)
WHERE t.table_schema {OURS} AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
  AND coalesce(c.generation_expression, '') = ''
ORDER BY t.table_schema, t.table_name, c.ordinal_position;
SELECT 'sequence', hex(table_schema), hex(table_name) FROM information_schema.tables
WHERE table_schema {OURS} AND table_type = 'SEQUENCE' ORDER BY 2, 3;
SELECT 'counter', hex(table_schema), hex(table_name), auto_increment FROM information_schema.tables
WHERE table_schema {OURS} AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND auto_increment IS NOT NULL;
"""
"""Generated columns are left out, because they follow from the others."""

SCHEMA = f"""
SELECT 'schema', 'database', schema_name, default_character_set_name,
  replace(default_collation_name, 'utf8mb3_', 'utf8_') FROM information_schema.schemata WHERE schema_name {OURS};
SELECT 'schema', 'table', table_schema, table_name, table_type, engine, replace(table_collation, 'utf8mb3_', 'utf8_'),
  if(table_type = 'VIEW', '', table_comment) FROM information_schema.tables WHERE table_schema {OURS};
SELECT 'schema', 'column', c.table_schema, c.table_name, c.column_name, c.ordinal_position,
  if(t.table_type = 'VIEW', '', concat_ws('|', regexp_replace(c.column_type, 'int[(][0-9]+[)]', 'int'), c.is_nullable,
    if(c.column_default LIKE '%(%', 'expression', coalesce(c.column_default, 'NULL')),
    replace(c.collation_name, 'utf8mb3_', 'utf8_'), trim(replace(lower(c.extra), 'default_generated', '')),
    c.column_comment, coalesce(c.generation_expression, '') = ''))
  FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
  WHERE c.table_schema {OURS};
SELECT 'schema', 'index', table_schema, table_name, index_name, seq_in_index, column_name, non_unique, sub_part, index_type
  FROM information_schema.statistics WHERE table_schema {OURS};
SELECT 'schema', 'constraint', table_schema, table_name, constraint_name, constraint_type
  FROM information_schema.table_constraints WHERE table_schema {OURS};
SELECT 'schema', 'reference', k.table_schema, k.table_name, k.constraint_name, k.ordinal_position, k.column_name,
  k.referenced_table_schema, k.referenced_table_name, k.referenced_column_name, r.update_rule, r.delete_rule
  FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
  ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
  WHERE k.table_schema {OURS} AND k.referenced_table_name IS NOT NULL;
SELECT 'schema', 'partition', table_schema, table_name, partition_name, partition_method, partition_description
  FROM information_schema.partitions WHERE table_schema {OURS} AND partition_name IS NOT NULL;
SELECT 'schema', 'view', table_schema, table_name, definer, security_type, check_option
  FROM information_schema.views WHERE table_schema {OURS};
SELECT 'schema', 'routine', routine_schema, routine_name, routine_type, definer, security_type, sql_mode,
  sha2(routine_definition, 256) FROM information_schema.routines WHERE routine_schema {OURS};
SELECT 'schema', 'parameter', specific_schema, specific_name, ordinal_position, parameter_mode, parameter_name,
  regexp_replace(dtd_identifier, 'int[(][0-9]+[)]', 'int') FROM information_schema.parameters
  WHERE specific_schema {OURS};
SELECT 'schema', 'trigger', trigger_schema, trigger_name, event_object_table, event_manipulation, action_timing,
  action_order, definer, sql_mode, sha2(action_statement, 256) FROM information_schema.triggers
  WHERE trigger_schema {OURS};
SELECT 'schema', 'event', event_schema, event_name, definer, interval_value, interval_field, on_completion, status,
  time_zone, sha2(event_definition, 256) FROM information_schema.events
  WHERE event_schema {OURS} AND NOT (event_type = 'ONE TIME' AND on_completion = 'NOT PRESERVE');
"""
"""Expressions are left out, because versions print them differently. So are one-time events, which vanish after they
ran."""

HEX = (
    "binary",
    "varbinary",
    "bit",
    "vector",
    "geometry",
    "point",
    "linestring",
    "polygon",
    "multipoint",
    "multilinestring",
    "multipolygon",
    "geometrycollection",
    "geomcollection",
)
LONG = ("tinytext", "text", "mediumtext", "longtext", "json", "tinyblob", "blob", "mediumblob", "longblob")


def content(number: int, table: str, columns: list[tuple[str, str]]) -> str:
    """A statement that returns the number of rows of a table, and a sum over their content that does not depend on
    order and storage format. columns: names with their types. (CHECKSUM TABLE depends on the format.)"""
    words = ["''"]
    for name, kind in columns:
        column = identifier(name)
        if (
            kind in LONG
        ):  # hash each value first, because a whole row may be larger than the result of a function may be
            column = f"sha2({column}, 256)"
        elif kind in HEX:
            column = f"hex({column})"
        else:
            column = f"convert({column} USING utf8mb4)"
        words.append(f"coalesce(concat('=', {column}), 'n')")
    row = f"sha2(concat_ws('|', {', '.join(words)}), 256)"
    return f"SELECT {number}, count(*), coalesce(sum(CAST(conv(left({row}, 12), 16, 10) AS UNSIGNED)), 0) FROM {table};"


def invariants(query: Callable[[str], str], accounts: Accounts) -> dict[str, str]:
    """The invariants of the whole server. query: runs statements, and returns rows as lines with tabs."""
    tables: dict[str, list[tuple[str, str]]] = {}
    found: dict[str, str] = {}
    schema, sequences = [], []
    for line in query(COLUMNS + SCHEMA).splitlines():
        kind, *rest = line.split("\t")
        if kind == "schema":
            schema.append(line)
            continue
        name = f"{identifier(text(rest[0]))}.{identifier(text(rest[1]))}"
        if kind == "table":
            for one in (name, f"{name} FOR SYSTEM_TIME ALL")[: 2 if rest[2] == "SYSTEM VERSIONED" else 1]:
                tables.setdefault(one, []).append((text(rest[3]), rest[4]))
        elif kind == "sequence":
            sequences.append(name)
        else:
            found[f"counter {name}"] = rest[2]
    found["schema"] = hashlib.sha256("\n".join(sorted(schema)).encode()).hexdigest()[:32]
    names = list(tables)
    asked = [content(number, name, tables[name]) for number, name in enumerate(names)]
    for line in query("\n".join(asked)).splitlines():
        number, rows, total = line.split("\t")
        found[f"table {names[int(number)]}: rows"] = rows
        found[f"content of {names[int(number)]}"] = total
    for name in sequences:
        found[f"sequence {name}"] = query(f"SELECT next_not_cached_value FROM {name};").strip()
    return {**found, **granted(query, accounts)}


def granted(query: Callable[[str], str], accounts: Accounts) -> dict[str, str]:
    """The accounts, with a hash of the privileges of each."""
    account = "if(host = '', quote(user), concat(quote(user), '@', quote(host)))"
    who = [text(line) for line in query(f"SELECT hex({account}) FROM mysql.user WHERE {accounts.where};").splitlines()]
    grants = query("\n".join(f"SHOW GRANTS FOR {one};" for one in who)).splitlines()
    kept = sorted(line.partition(" IDENTIFIED ")[0] for line in grants)
    return {"accounts": " ".join(sorted(who)), "grants": hashlib.sha256("\n".join(kept).encode()).hexdigest()[:32]}


def text(digits: str) -> str:
    return bytes.fromhex(digits).decode()
