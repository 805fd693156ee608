"""How ``.sql`` files are found, and cut into statements where SQLite would."""

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a_parallel_kernel.migration_files import MigrationFile, MigrationRefused, load_files

TRIGGER = """CREATE TRIGGER count_up AFTER INSERT ON a BEGIN
  UPDATE b SET n = n + 1;
  SELECT CASE WHEN 1 THEN 'a;b' END;
END;"""


def statements(sql: str) -> list[tuple[int, str]]:
    return list(MigrationFile("001_x.sql", sql).statements())


def test_a_triggers_body_belongs_to_its_statement() -> None:
    assert statements(f"CREATE TABLE a (x);\nCREATE TABLE b (n);\n\n{TRIGGER}\nINSERT INTO b VALUES (0);\n") == [
        (1, "CREATE TABLE a (x);"),
        (2, "CREATE TABLE b (n);"),
        (4, TRIGGER),
        (8, "INSERT INTO b VALUES (0);"),
    ]


def test_semicolons_in_strings_and_comments_end_nothing() -> None:
    first = "-- a; comment\nINSERT INTO a VALUES ('x;y', \"z;\", [w;]); "
    second = "/* one; two\n*/ INSERT INTO a VALUES (';''');"
    assert [text for _, text in statements(first + second)] == [first.strip(), second]


def test_the_last_statement_needs_no_semicolon() -> None:
    assert statements("SELECT 1;\nSELECT 2") == [(1, "SELECT 1;"), (2, "SELECT 2")]
    assert statements("\n \n") == []


PIECES = [
    "CREATE TABLE IF NOT EXISTS t (a, b)",
    "INSERT INTO t VALUES ('a;b', 1)",
    "INSERT INTO t VALUES (\"it''s; so\", 2)",
    "-- a comment; with one\nUPDATE t SET b = b + 1",
    "/* ; */ DELETE FROM t WHERE b > 5",
    "CREATE TRIGGER IF NOT EXISTS g AFTER INSERT ON t"
    " BEGIN UPDATE t SET b = 0 WHERE a = ';'; DELETE FROM t WHERE b = 9; END",
    "CREATE VIEW IF NOT EXISTS v AS SELECT 'x;' AS x, [a] FROM t",
]


GAPS = [";", ";\n\n", " ;  ", ";\n-- done;\n"]


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12), gap=st.sampled_from(GAPS))
def test_pieces_have_the_effect_of_the_whole(pieces: list[str], gap: str) -> None:
    sql = gap.join([PIECES[0], *pieces]) + gap
    with closing(sqlite3.connect(":memory:")) as whole, closing(sqlite3.connect(":memory:")) as cut:
        whole.executescript(sql)
        for _, statement in statements(sql):
            cut.execute(statement)
        cut.commit()
        assert list(cut.iterdump()) == list(whole.iterdump())


def test_line_ends_do_not_count_for_the_checksum() -> None:
    assert MigrationFile("001_x.sql", "a\r\nb").checksum == MigrationFile("001_x.sql", "a\nb").checksum
    assert MigrationFile("001_x.sql", "a\nb").checksum != MigrationFile("001_x.sql", "a\nc").checksum


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Make an importable package with a directory of files and return its ``package:directory``."""

    def make(**files: str) -> str:
        name = f"notes_{tmp_path.name}".replace("-", "_")
        directory = tmp_path / name / "migrations"
        directory.mkdir(parents=True)
        (tmp_path / name / "__init__.py").touch()
        for file, text in files.items():
            (directory / file).write_text(text, "utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, name, raising=False)
        return f"{name}:migrations"

    return make


def test_files_are_found_in_order(package: Callable[..., str]) -> None:
    source = package(**{"002_b.sql": "SELECT 2;", "001_ä.txt": "", "001_a.sql": "SELECT 'ä';", "README.md": "x"})
    assert load_files(source, "notes") == [
        MigrationFile("001_a.sql", "SELECT 'ä';"),
        MigrationFile("002_b.sql", "SELECT 2;"),
    ]


@pytest.mark.parametrize("name", ["1_a.sql", "a.sql", "001-a.sql", "001_A.sql"])
def test_a_name_without_a_number_is_refused(package: Callable[..., str], name: str) -> None:
    with pytest.raises(MigrationRefused, match="must be called like"):
        load_files(package(**{name: ""}), "notes")


@pytest.mark.parametrize("source", ["no_such_package_here:migrations", "a_parallel_kernel:no_such_directory"])
def test_a_missing_directory_is_refused(source: str) -> None:
    with pytest.raises(MigrationRefused, match="notes"):
        load_files(source, "notes")
