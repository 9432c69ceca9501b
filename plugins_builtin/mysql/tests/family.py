"""Tests that MySQL and MariaDB share: the contract of a datastore, and data that is difficult in this family.

A subclass sets `kind` and `client`, and has the fixtures `image` and `newer` (empty if there is only one version here).
"""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError, HostError
from dokkupy_sdk.testing.effort import amount
from dokkupy_services import records
from dokkupy_services.data import imports, moving, pipes
from dokkupy_services.data.subject import ServiceSubject
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.model import Service
from dokkupy_services.names import ServiceName
from dokkupy_services.role import Datastore, ServiceExec
from dokkupy_services.testing.contract import DatastoreContract

# Over the network, where the server is called `service`. Standard input has the password, then the statements.
NETWORK = 'IFS= read -r MYSQL_PWD && export MYSQL_PWD && exec "$1" -N -B -r -h service -u "$2" -D "$3"'
SOCKET = (
    'exec "$1" --defaults-extra-file=/run/dokkupy/$2.cnf --default-character-set=utf8mb4 --comments -N -B -r -D "$3"'
)
EVERY_BYTE = bytes(range(256)) + b"'\"`\\%;--\0\0\n\r\x1a"
EMOJI = "😀 ü 'single' \"double\" `back` \\ slash\n\ttab %_ ;; -- /* no comment */"

APP = """
CREATE TABLE `we``ird "n'ame -- x` (`i d` int AUTO_INCREMENT PRIMARY KEY, `a``b'"` varchar(200), t mediumtext, INDEX `in``d` (`a``b'"`(20)))
  AUTO_INCREMENT = 1000 COMMENT 'it''s; "so"';
INSERT INTO `we``ird "n'ame -- x` VALUES (7, EMOJI, EMOJI), (8, NULL, ''), (9, 'NULL', repeat('ä', 70000));
CREATE TABLE bytes (id int PRIMARY KEY, b binary(4), v varbinary(300), l longblob, t bit(9), g geometry);
INSERT INTO bytes VALUES (1, 0x00ff0000, BYTES, repeat(BYTES, 1000), b'100000001', ST_GeomFromText('POINT(1.5 -2)')),
  (2, NULL, '', NULL, NULL, NULL), (3, 0x61, 0x00, 0x1a, 0, NULL);
CREATE TABLE huge (id int PRIMARY KEY, l longblob);
INSERT INTO huge VALUES (1, repeat(0x00ff, 6000000));
CREATE TABLE kinds (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED, more int AS (id + 1) VIRTUAL, j json,
  d decimal(40, 20), f double, r float, dt datetime(6), ts timestamp(6) NULL DEFAULT CURRENT_TIMESTAMP(6)
  ON UPDATE CURRENT_TIMESTAMP(6), y year, ti time(3), e enum('x', 'y''z', 'ä'), s set('a', 'b"c', 'ü'),
  l varchar(9) CHARACTER SET latin1 COLLATE latin1_bin, n bigint unsigned DEFAULT 18446744073709551615, CHECK (id > -5),
  UNIQUE KEY (e, y));
INSERT INTO kinds (id, j, d, f, r, dt, ts, y, ti, e, s, l) VALUES
  (1, '{"a": [1, null, "ü😀"]}', 12345678901234567890.12345678901234567891, 0.1, 0.1, '2024-02-29 23:59:59.999999',
   '2038-01-19 03:14:07.5', 2024, '-838:59:58.999', 'y''z', 'a,ü', 'ÿé');
SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
INSERT INTO kinds (id, dt, e, f) VALUES (0, '0000-00-00 00:00:00', '', 1.7976931348623157e308), (2, '2023-02-00', 'x', -2.2e-308);
CREATE TABLE zero (id int AUTO_INCREMENT PRIMARY KEY);
INSERT INTO zero VALUES (0), (5);
SET sql_mode = DEFAULT;
CREATE TABLE nothing_in (a int, b int, PRIMARY KEY (b, a)) AUTO_INCREMENT = 1;
CREATE TABLE burnt (id int AUTO_INCREMENT PRIMARY KEY);
INSERT INTO burnt VALUES (41), (42); DELETE FROM burnt WHERE id = 42;
CREATE TABLE hens (id int PRIMARY KEY, egg int);
CREATE TABLE eggs (id int PRIMARY KEY, hen int, CONSTRAINT laid FOREIGN KEY (hen) REFERENCES hens (id) ON DELETE CASCADE);
INSERT INTO hens VALUES (1, NULL); INSERT INTO eggs VALUES (1, 1); UPDATE hens SET egg = 1;
ALTER TABLE hens ADD CONSTRAINT hatched FOREIGN KEY (egg) REFERENCES eggs (id) ON UPDATE SET NULL;
CREATE TABLE no_transactions (a int) ENGINE = MyISAM; INSERT INTO no_transactions VALUES (1), (1);
CREATE TABLE parts (a int, b varchar(9)) PARTITION BY RANGE (a) (PARTITION low VALUES LESS THAN (10), PARTITION high VALUES LESS THAN MAXVALUE);
INSERT INTO parts VALUES (1, 'a'), (100, 'b');
CREATE TABLE seen (what varchar(50));
CREATE VIEW z_view AS SELECT id, e FROM kinds;
CREATE VIEW `a "view"` AS SELECT id FROM z_view WHERE e <> '';
DELIMITER ;;
CREATE TRIGGER noted AFTER INSERT ON zero FOR EACH ROW BEGIN
  -- a comment; with a semicolon
  INSERT INTO seen VALUES (concat('zero; ', NEW.id)); /* another */
END;;
CREATE TRIGGER noted_too AFTER INSERT ON zero FOR EACH ROW FOLLOWS noted INSERT INTO seen VALUES ('second');;
CREATE FUNCTION `plus ``one` (n int) RETURNS int DETERMINISTIC BEGIN
  # DELIMITER in a comment
  RETURN n + 1;
END;;
CREATE PROCEDURE fill(IN n int, OUT m int) BEGIN
  DECLARE i int DEFAULT 0;
  WHILE i < n DO INSERT INTO seen VALUES ('pro"c'); SET i = i + 1; END WHILE;
  SET m = `plus ``one`(i);
END;;
CREATE EVENT hourly ON SCHEDULE EVERY 1 HOUR STARTS '2037-01-01' DO BEGIN DELETE FROM seen; DO 1; END;;
CREATE EVENT `off` ON SCHEDULE EVERY 1 DAY DISABLE DO DO 1;;
DELIMITER ;
"""

ADMIN = """
CREATE DATABASE `other db` CHARACTER SET latin1; CREATE TABLE `other db`.t (a varchar(9)); INSERT INTO `other db`.t VALUES ('é');
CREATE USER 'second'@'%' IDENTIFIED BY 'second-password'; GRANT SELECT, INSERT ON `other db`.* TO 'second'@'%';
GRANT SELECT ON DATABASE.zero TO 'second'@'%'; GRANT UPDATE (a) ON DATABASE.parts TO 'second'@'%';
GRANT EXECUTE ON PROCEDURE DATABASE.fill TO 'second'@'%';
CREATE USER 'o''brien "x"'@'10.0.0.%' IDENTIFIED BY 'pw';
GRANT SELECT ON `other db`.* TO 'USER'@'%';
"""


class Family(DatastoreContract):
    client: ClassVar[str]

    def as_app(self, inside: ServiceExec, text: str, password: str = "", user: str = "") -> str:
        service = inside.service
        words = ["bash", "-euc", NETWORK, "x", self.client, user or service.user, service.database]
        return inside.run(words, stdin=f"{password or service.password.reveal()}\n{text}".encode(), timeout=300)

    def by_socket(self, inside: ServiceExec, who: str, text: str) -> str:
        """Run statements by the local socket. who: admin or app."""
        try:
            return inside.run(
                ["bash", "-euc", SOCKET, "x", self.client, who, inside.service.database], stdin=text.encode()
            )
        except HostError as error:
            raise AssertionError(f"{error.message}: {error.details}") from error

    def put(self, inside: ServiceExec, first: int, last: int) -> None:
        values = ", ".join(f"({number}, 'row {number}')" for number in range(first, last))
        self.as_app(inside, "CREATE TABLE IF NOT EXISTS `rows` (id int PRIMARY KEY, text text)")
        self.as_app(inside, f"INSERT INTO `rows` VALUES {values}")

    def count(self, inside: ServiceExec) -> int:
        return int(self.as_app(inside, "SELECT count(*) FROM `rows`"))

    def refuses(self, inside: ServiceExec) -> bool:
        return self.denied(inside, "SELECT 1", "wrong")

    def denied(self, inside: ServiceExec, text: str, password: str = "") -> bool:
        with pytest.raises(HostError) as caught:
            self.as_app(inside, text, password)
        return (
            re.search(r"(Access denied|command denied|denied to user|not owner of)", str(caught.value.details))
            is not None
        )


class Awkward(Family):
    """Tests with difficult data, accounts and damaged dumps. (Another class runs the tests of the contract.)"""

    further: ClassVar[str] = ""
    admins: ClassVar[str] = ""
    answers: ClassVar[tuple[tuple[str, str], ...]] = ()
    """(statement, its result) pairs that check the data made by `further`."""
    doubled: ClassVar[int] = amount(20, 12)
    """The largest table has two to the power of this number of rows."""

    @pytest.fixture(scope="class")
    @classmethod
    def service(cls, host: Host, datastore: Datastore, name: ServiceName, options: ServiceOptions) -> Iterator[Service]:
        made = lifecycle.create(host, datastore, name, options)
        cls().fill(Exec(host, made, made.container))
        return made

    def fill(self, inside: ServiceExec) -> None:
        service = inside.service
        literal = "'" + EMOJI.replace("\\", "\\\\").replace("'", "\\'") + "'"
        text = (APP + self.further).replace("EMOJI", literal).replace("BYTES", f"x'{EVERY_BYTE.hex()}'")
        self.by_socket(inside, "app", text)
        text = (
            (ADMIN + self.admins).replace("DATABASE.", f"`{service.database}`.").replace("'USER'", f"'{service.user}'")
        )
        self.by_socket(inside, "admin", text)

    def dump(self, host: Host, service: Service) -> bytes:
        pieces: list[bytes] = []
        ServiceSubject(host, self.kind, service.name).dump(pieces.append)
        return b"".join(pieces)

    def test_difficult_data_is_the_same_in_a_temporary_instance(self, host: Host, service: Service) -> None:
        subject = ServiceSubject(host, self.kind, service.name)
        before = dict(subject.invariants())
        assert before[f"counter `{service.database}`.`we``ird \"n'ame -- x`"] == "1000"
        assert before[f"counter `{service.database}`.`burnt`"] == "43"
        assert before[f"table `{service.database}`.`nothing_in`: rows"] == "0"
        assert "'second'@'%'" in before["accounts"] and "o\\'brien" in before["accounts"].replace("\\\\", "\\")
        assert pipes.compare(before, dict(subject.verify([self.dump(host, service)], subject.describe()))) == []

    def test_difficult_data_is_the_same_and_works_in_a_new_service(
        self, host: Host, datastore: Datastore, service: Service
    ) -> None:
        subject = ServiceSubject(host, self.kind, service.name)
        subject.restore([self.dump(host, service)], subject.describe(), to=f"{service.name}-back")
        back = records.read(host, self.kind, ServiceName(f"{service.name}-back"))
        inside = self.inside(host, back)
        self.require_all_works(inside)
        found = self.as_app(
            inside, "SELECT a FROM `other db`.t; SELECT id FROM zero ORDER BY id;", "second-password", "second"
        )
        assert found.split() == ["é", "0", "5", "6"]
        with pytest.raises(HostError):
            self.as_app(inside, "SELECT * FROM kinds", "second-password", "second")
        assert self.as_app(inside, "SELECT a FROM `other db`.t").strip() == "é"
        lifecycle.destroy(host, datastore.kind, back.name, purge=True)

    def require_all_works(self, inside: ServiceExec, *, whole: bool = True) -> None:
        """Check as the apps' user that texts, bytes, views, triggers, routines and counters are right."""
        ask = "SET NAMES utf8mb4; SELECT "
        assert (
            self.as_app(inside, f"{ask} hex(`a``b'\"`) FROM `we``ird \"n'ame -- x` WHERE `i d` = 7").strip()
            == EMOJI.encode().hex().upper()
        )
        assert self.as_app(inside, f"{ask} hex(v) FROM bytes WHERE id = 1").strip() == EVERY_BYTE.hex().upper()
        assert self.as_app(inside, f"{ask} twice, more, l, s, dt FROM kinds WHERE id = 1").split("\t") == [
            "2",
            "2",
            "ÿé",
            "a,ü",
            "2024-02-29 23:59:59.999999\n",
        ]
        assert self.as_app(inside, 'SELECT count(*) FROM `a "view"`').strip() == "2"
        assert self.as_app(inside, "INSERT INTO zero VALUES (NULL); SELECT * FROM seen;").split("\n")[:2] == [
            "zero; 6",
            "second",
        ]
        assert self.as_app(inside, "CALL fill(2, @m); SELECT @m;").strip() == "3"
        assert self.as_app(inside, "INSERT INTO burnt VALUES (NULL); SELECT max(id) FROM burnt;").strip() == "43"
        for text, answer in self.answers if whole else ():
            assert self.as_app(inside, text).strip() == answer
        body = "SELECT routine_definition FROM information_schema.routines WHERE routine_name = 'plus `one'"
        assert "# DELIMITER in a comment" in self.as_app(inside, body)

    def test_an_export_works_under_another_name_and_user(
        self, host: Host, datastore: Datastore, service: Service, options: ServiceOptions, tmp_path: Path
    ) -> None:
        before = dict(datastore.invariants(self.inside(host, service)))
        with (tmp_path / "export").open("wb") as file:
            pipes.export_to(datastore, self.inside(host, service), file)
        text = (tmp_path / "export").read_bytes()
        other = lifecycle.create(host, datastore, ServiceName(f"{service.name}-o"), options)
        managed = b"SET @@SESSION.SQL_LOG_BIN= 0;\nSET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'a:1-5,\nb:1';\n"
        moving.put_content(host, datastore, other.name, [text.replace(b"\n\n", b"\n\n" + managed, 1)], "import")
        after = dict(datastore.invariants(self.inside(host, records.read(host, self.kind, other.name))))
        expected = {
            name.replace(service.database, other.database): value
            for name, value in before.items()
            if name.startswith(("content", "table", "counter"))
            and service.database in name
            and "SYSTEM_TIME" not in name
        }
        assert expected and expected.items() <= after.items()
        self.require_all_works(self.inside(host, records.read(host, self.kind, other.name)), whole=False)
        lifecycle.destroy(host, datastore.kind, other.name, purge=True)

    def test_a_dump_of_all_databases_and_one_without_a_mark_are_imported(
        self, host: Host, datastore: Datastore, options: ServiceOptions
    ) -> None:
        other = lifecycle.create(host, datastore, ServiceName(f"imp-{secrets.token_hex(3)}"), options)
        inside = self.inside(host, other)
        self.as_app(inside, "CREATE TABLE a (b text); INSERT INTO a VALUES ('USE `x`;');")
        dumped = b"".join(pipes.pieces_of(datastore, inside, (*datastore.dumping(), "--all-databases")))
        for text in (dumped, b"CREATE TABLE a (b text);\nINSERT INTO a VALUES ('USE `x`;');\n"):
            self.as_app(inside, "DROP TABLE a;")
            pipes.restore(datastore, inside, imports.read(datastore, other, [text]))
            assert self.as_app(inside, "SELECT b FROM a;").strip() == "USE `x`;"
        lifecycle.destroy(host, datastore.kind, other.name, purge=True)

    def test_damaged_dump_is_refused(self, host: Host, service: Service) -> None:
        subject = ServiceSubject(host, self.kind, service.name)
        about, facts = subject.describe(), dict(subject.invariants())
        lines = self.dump(host, service).splitlines(keepends=True)

        def statement(start: bytes) -> tuple[int, int]:
            """The first and the last line of a statement, which the dump may write in several."""
            first = next(number for number, line in enumerate(lines) if line.startswith(start))
            return first, next(number for number in range(first, len(lines)) if lines[number].endswith(b";\n"))

        # The largest row says nothing here, and is most of the time of each restore.
        first, last = statement(b"INSERT INTO `huge`")
        del lines[first : last + 1]
        whole = b"".join(lines)
        middle, end = statement(b"INSERT INTO `kinds`")
        cut = whole[: len(whole) * 9 // 10]
        wrong = b"".join([*lines[:middle], b"INSERT INTO `no such table` VALUES (1);\n", *lines[middle:]])
        for bad, words in (
            (cut, "ends early|ERROR|its end is missing"),
            (wrong, "no such table"),
            (whole.replace(b"-- dokkupy whole\n", b""), "ends early"),
            (b"\\! touch /tmp/ran\n" + whole, "no dump"),
            (b"-- x\n\\! touch /tmp/ran\n-- Dump completed\n", r"\\!"),
            (whole.replace(b" 1 ", b" 2 ", 1), "another kind"),
        ):
            with pytest.raises(DokkupyError) as caught:
                subject.verify([bad], about)
            assert re.search(words, f"{caught.value.message} {caught.value.details}"), words
        with pytest.raises(DokkupyError, match="its end is missing"):
            subject.check(cut[:65536], cut[-65536:], len(cut))
        lost = b"".join([*lines[:middle], *lines[end + 1 :]])
        database = service.database
        names = [line.partition(":")[0] for line in pipes.compare(facts, dict(subject.verify([lost], about)))]
        lacking = [one for one in names if "`huge`" not in one]
        assert lacking == [f"content of `{database}`.`kinds`", f"table `{database}`.`kinds`"]

    def test_invariants_show_one_changed_byte_and_one_missing_trigger(self, host: Host, service: Service) -> None:
        subject = ServiceSubject(host, self.kind, service.name)
        whole, facts = self.dump(host, service), dict(subject.invariants())
        changed = whole.replace(EVERY_BYTE.hex().upper().encode(), b"01" + EVERY_BYTE.hex().upper().encode()[2:], 1)
        changed = re.sub(rb"INSERT INTO seen VALUES \('second'\)", b"INSERT INTO seen VALUES ('SECOND')", changed)
        assert changed != whole
        names = [
            line.partition(":")[0] for line in pipes.compare(facts, dict(subject.verify([changed], subject.describe())))
        ]
        assert names == [f"content of `{service.database}`.`bytes`", "schema"]

    def test_an_app_has_its_database_and_nothing_else(
        self, host: Host, datastore: Datastore, options: ServiceOptions, service: Service
    ) -> None:
        other = lifecycle.create(host, datastore, ServiceName(f"a_b{service.name[3:]}"), options)
        inside = self.inside(host, other)
        neighbour = other.database.replace("_", "x")
        self.by_socket(inside, "admin", f"CREATE DATABASE `{neighbour}`; CREATE TABLE `{neighbour}`.t (a int);")
        for text in (
            "SELECT * FROM mysql.user",
            "SELECT * FROM mysql.global_priv",
            f"SELECT * FROM `{neighbour}`.t",
            "CREATE DATABASE mine",
            "CREATE USER mine",
            f"GRANT SELECT ON `{other.database}`.* TO root@localhost",
            "SET GLOBAL max_connections = 1",
            "SELECT 1 INTO OUTFILE '/tmp/x'",
            "SHUTDOWN",
            "CREATE DEFINER = root@localhost VIEW v AS SELECT 1",
        ):
            assert self.denied(inside, text), text
        assert self.as_app(inside, "SELECT load_file('/run/dokkupy/root-password')").strip() == "NULL"
        shown = self.as_app(inside, "SHOW DATABASES").split()
        assert neighbour not in shown and "mysql" not in shown
        assert self.as_app(inside, "SELECT @@character_set_database").strip() == "utf8mb4"
        grants = self.as_app(inside, "SHOW GRANTS")
        datastore.secure(inside)
        assert self.as_app(inside, "SHOW GRANTS") == grants and "GRANT OPTION" not in grants
        lifecycle.destroy(host, datastore.kind, other.name, purge=True)

    def test_passwords_are_never_visible(
        self, host: Host, datastore: Datastore, service: Service, tmp_path: Path
    ) -> None:
        inside = self.inside(host, service)
        secrets = [service.password.reveal(), service.root_password.reveal()]
        seen: list[str] = []
        done = threading.Event()

        def look() -> None:
            while not done.is_set():
                argvs = b"".join(
                    path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()
                )  # processes of containers are visible on the host, too
                seen.append(argvs.decode(errors="replace"))
                time.sleep(0.02)

        def careful() -> None:
            try:
                look()
            except OSError:
                careful()

        watcher = threading.Thread(target=careful)
        watcher.start()
        try:
            whole = self.dump(host, service)
            copy = moving.clone(host, datastore, service.name, ServiceName(f"{service.name}-c"), ServiceOptions())
            secrets += [copy.password.reveal(), copy.root_password.reveal()]
            datastore.invariants(inside)
        finally:
            done.set()
            watcher.join()
        for one in (service, copy):
            for words in (["inspect"], ["logs"], ["top"]):
                ran = subprocess.run(["docker", *words, one.container], capture_output=True, text=True, check=True)
                seen.append(ran.stdout + ran.stderr)
        seen += [whole.decode(errors="replace"), json.dumps(ServiceSubject(host, self.kind, service.name).describe())]
        assert len(seen) > 20 and any("--defaults-extra-file" in text for text in seen)
        assert not [text for text in seen for secret in secrets if secret in text]
        lifecycle.destroy(host, datastore.kind, copy.name, purge=True)

    def test_many_rows_are_dumped_and_restored_in_bounded_time(
        self, host: Host, datastore: Datastore, options: ServiceOptions, service: Service
    ) -> None:
        other = lifecycle.create(host, datastore, ServiceName(f"{service.name}-many"), options)
        text = """CREATE TABLE many (id int PRIMARY KEY, name varchar(70), at datetime, amount decimal(12, 2), KEY (name));
            INSERT INTO many VALUES (0, 'row', '2024-01-01', 0);"""
        for power in range(self.doubled):
            text += f"""INSERT INTO many SELECT id + {1 << power}, concat('row ', sha2(id + {1 << power}, 224)),
                '2024-01-01' + INTERVAL id SECOND, id / 7 FROM many;"""
        self.as_app(self.inside(host, other), text.replace("\n", " "))
        subject, times = ServiceSubject(host, self.kind, other.name), [time.monotonic()]
        facts = dict(subject.invariants())
        times.append(time.monotonic())
        whole = self.dump(host, other)
        times.append(time.monotonic())
        assert dict(subject.verify([whole], subject.describe())) == facts
        times.append(time.monotonic())
        took = [round(after - before, 1) for before, after in zip(times, times[1:])]
        print(
            f"{1 << self.doubled} rows, {len(whole) >> 20} MiB: facts {took[0]} s, dump {took[1]} s, proof {took[2]} s"
        )
        assert facts[f"table `{other.database}`.`many`: rows"] == str(1 << self.doubled)
        lifecycle.destroy(host, datastore.kind, other.name, purge=True)

    def test_dump_and_restore_work_with_every_sql_mode(
        self, host: Host, datastore: Datastore, image: str, service: Service
    ) -> None:
        options = ServiceOptions(
            image=image,
            config_options="--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,STRICT_ALL_TABLES --event-scheduler=ON --default-time-zone=+05:00",
        )
        other = lifecycle.create(host, datastore, ServiceName(f"{service.name}-mode"), options)
        inside = self.inside(host, other)
        self.as_app(
            inside,
            """CREATE TABLE "t ""x" (a varchar(90), at timestamp); INSERT INTO "t ""x" VALUES ('back\\slash ' || '''q', '2024-01-01');
            CREATE EVENT soon ON SCHEDULE EVERY 1 SECOND ENDS now() + INTERVAL 1 DAY DO DO 'x\\' || 'y';""",
        )
        subject = ServiceSubject(host, self.kind, other.name)
        assert dict(subject.verify([self.dump(host, other)], subject.describe())) == dict(subject.invariants())
        copy = moving.clone(host, datastore, other.name, ServiceName(f"{service.name}-mode2"), ServiceOptions())
        assert self.as_app(self.inside(host, copy), 'SELECT * FROM "t ""x"; SELECT @@event_scheduler').split("\n")[
            :2
        ] == ["back\\slash 'q\t2024-01-01 00:00:00", "ON"]
        for one in (other, copy):
            lifecycle.destroy(host, datastore.kind, one.name, purge=True)

    def test_everything_moves_to_a_newer_version_and_back(
        self, host: Host, datastore: Datastore, service: Service, newer: str
    ) -> None:
        if not newer:
            pytest.skip("there is one version here")
        facts = dict(datastore.invariants(self.inside(host, service)))
        moved = moving.upgrade(host, datastore, service.name, ServiceOptions(image=newer))
        assert moved.how == "moved"
        print(f"{service.version} -> {moved.service.version}: apps were off for {moved.seconds} s")
        inside = self.inside(host, moved.service)
        assert dict(datastore.invariants(inside)) == facts
        self.require_all_works(inside)
        moving.revert(host, datastore, service.name)
        assert dict(datastore.invariants(self.inside(host, service))) == facts


for _name in vars(DatastoreContract):
    if _name.startswith("test_"):
        setattr(Awkward, _name, None)
