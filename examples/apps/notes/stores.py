"""Lines of text, kept by a datastore's own client library: one class for each scheme of an address."""

from __future__ import annotations

from urllib.parse import urlsplit


class Postgres:
    def __init__(self, url: str) -> None:
        import psycopg

        self.connection = psycopg.connect(url, connect_timeout=5, autocommit=True)
        self.connection.execute("CREATE TABLE IF NOT EXISTS notes (id serial PRIMARY KEY, text text NOT NULL)")

    def add(self, text: str) -> None:
        self.connection.execute("INSERT INTO notes (text) VALUES (%s)", (text,))

    def all(self) -> list[str]:
        return [row[0] for row in self.connection.execute("SELECT text FROM notes ORDER BY id")]


class MySQL:
    def __init__(self, url: str) -> None:
        import pymysql

        parts = urlsplit(url)
        self.connection = pymysql.connect(
            host=parts.hostname, port=parts.port or 3306, user=parts.username, password=parts.password or "",
            database=parts.path.strip("/"), connect_timeout=5, autocommit=True, charset="utf8mb4",
        )  # fmt: skip
        self.query("CREATE TABLE IF NOT EXISTS notes (id int AUTO_INCREMENT PRIMARY KEY, text text NOT NULL)")

    def query(self, text: str, *values: str) -> list[tuple[str]]:
        with self.connection.cursor() as cursor:
            cursor.execute(text, values)
            return list(cursor.fetchall())

    def add(self, text: str) -> None:
        self.query("INSERT INTO notes (text) VALUES (%s)", text)

    def all(self) -> list[str]:
        return [row[0] for row in self.query("SELECT text FROM notes ORDER BY id")]


class Redis:
    def __init__(self, url: str) -> None:
        import redis

        self.client = redis.Redis.from_url(url, socket_connect_timeout=5, decode_responses=True)
        self.client.ping()

    def add(self, text: str) -> None:
        self.client.rpush("notes", text)

    def all(self) -> list[str]:
        return list(self.client.lrange("notes", 0, -1))


class Mongo:
    def __init__(self, url: str) -> None:
        import pymongo

        self.notes = pymongo.MongoClient(url, serverSelectionTimeoutMS=5000).get_default_database()["notes"]

    def add(self, text: str) -> None:
        self.notes.insert_one({"text": text})

    def all(self) -> list[str]:
        return [one["text"] for one in self.notes.find().sort("_id")]


class RabbitMQ:
    """A queue gives each message once: what was read is put back."""

    def __init__(self, url: str) -> None:
        import pika

        self.channel = pika.BlockingConnection(pika.URLParameters(url)).channel()
        self.channel.queue_declare("notes", durable=True)
        self.lasting = pika.BasicProperties(delivery_mode=2)

    def add(self, text: str) -> None:
        self.channel.confirm_delivery()
        self.channel.basic_publish("", "notes", text.encode(), self.lasting)

    def all(self) -> list[str]:
        found = []
        while (got := self.channel.basic_get("notes"))[0]:
            found.append(got[2].decode())
        self.channel.close()  # nothing was acknowledged: all of it is in the queue again
        return found


class Memcached:
    def __init__(self, url: str) -> None:
        from pymemcache.client.base import Client

        parts = urlsplit(url)
        self.client = Client((parts.hostname, parts.port or 11211), connect_timeout=5)

    def add(self, text: str) -> None:
        self.client.set("notes", "\n".join([*self.all(), text]).encode())

    def all(self) -> list[str]:
        return [line for line in (self.client.get("notes") or b"").decode().split("\n") if line]


SCHEMES = {
    "postgres": Postgres, "postgresql": Postgres, "mysql": MySQL, "redis": Redis, "valkey": Redis, "mongodb": Mongo,
    "amqp": RabbitMQ, "memcached": Memcached,
}  # fmt: skip


def open_store(url: str) -> Postgres | MySQL | Redis | Mongo | RabbitMQ | Memcached:
    scheme = urlsplit(url).scheme
    if scheme == "valkey":
        url = "redis" + url.removeprefix("valkey")
    return SCHEMES[scheme](url)
