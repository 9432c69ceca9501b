"""Conversion of dumps of several databases, and of other programs."""

from __future__ import annotations

import pytest
from dokkupy_mysql.sql_dumps import importable, is_readable
from dokkupy_sdk.errors import UserError

pytestmark = pytest.mark.unit

END = b"-- Dump completed on 2026-01-01  1:02:03\n"
HEAD = b"-- MySQL dump 10.13  Distrib 8.0.36\n"
TABLE = b"CREATE TABLE `a` (b text);\nINSERT INTO `a` VALUES ('USE `x`;\\nDROP DATABASE y;');\n"


def imported(text: bytes) -> bytes:
    return b"".join(importable(text[:65536], [text[:30], text[30:]], b"-- Dump completed"))


def test_a_plain_dump_is_left_as_it_is() -> None:
    assert imported(HEAD + TABLE + END) == HEAD + TABLE + END


def test_statements_that_create_or_select_a_database_are_left_out() -> None:
    made = (
        b"/*!40000 DROP DATABASE IF EXISTS `shop`*/;\n"
        b"CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 */;\nUSE `shop`;\n"
    )
    assert imported(HEAD + made + TABLE + END) == HEAD + b"\n\n\n" + TABLE + END


def test_databases_of_the_server_are_left_out() -> None:
    own = b"USE `mysql`;\nCREATE TABLE user (a int);\nINSERT INTO user VALUES (1);\n"
    assert imported(HEAD + own + b"USE `shop`;\n" + TABLE + own + END) == HEAD + b"\n" * 4 + TABLE + b"\n" * 3 + END


def test_a_second_database_with_content_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="several databases \\(shop, blog\\)"):
        imported(HEAD + b"USE `shop`;\n" + TABLE + b"USE `blog`;\n" + TABLE + END)


def test_body_of_a_routine_does_not_change() -> None:
    body = b"DELIMITER ;;\nCREATE PROCEDURE p()\nBEGIN\nCREATE DATABASE x;\nEND ;;\nDELIMITER ;\n"
    assert imported(HEAD + body + END) == HEAD + body + END


@pytest.mark.parametrize("head", [b"-- phpMyAdmin SQL Dump\n", b"CREATE TABLE x (y int);\n", b"/* mine */\n"])
def test_export_of_another_program_gets_a_mark_of_its_end(head: bytes) -> None:
    text = imported(head + TABLE)
    assert text.startswith(b"/* imported */ " + head) and text.endswith(b"\n-- Dump completed\n")


@pytest.mark.parametrize(
    ("head", "readable"),
    [
        (HEAD, True),
        (b"-- MariaDB dump 10.19\n", True),
        (b"/*M!999999\\- enable the sandbox mode */\n", True),
        (b"INSERT INTO a VALUES (1);\n", True),
        (b"--\n-- PostgreSQL database dump\n", False),
        (b"PGDMP\0", False),
        (b'{"a": 1}', False),
        (b"<!DOCTYPE html>", False),
    ],
)
def test_other_files_are_not_taken_for_sql_of_mysql(head: bytes, readable: bool) -> None:
    assert is_readable(head) is readable


@pytest.mark.parametrize(
    "text",
    [
        b"INSERT INTO a VALUES ('one\nUSE `x`;\nDROP DATABASE y;\nit''s \\' end');\n",
        b'INSERT INTO a VALUES ("one\nCREATE DATABASE y;\n");\n',
        b"/* it's\nUSE `x`;\n*/\n",
    ],
)
def test_lines_within_strings_and_comments_of_other_programs_do_not_change(text: bytes) -> None:
    body = b"-- it's a comment\n# it's another\nCREATE TABLE a (b text);\n" + text
    assert imported(body) == b"/* imported */ " + body + b"\n-- Dump completed\n"
    assert imported(body + b"USE `shop`;\n").endswith(b"\n\n\n-- Dump completed\n")
