"""Which file of a built client answers which path."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from a_parallel_plugins.web.client import BuiltClient

SEGMENTS = st.lists(
    st.sampled_from(
        ["..", ".", "", "assets", "app.js", "index.html", "docs", "out", "secret.txt", ".git", "config", "~"]
    )
    | st.text(max_size=8),
    max_size=6,
)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A built client beside things that are nobody's business."""
    root = tmp_path / "dist"
    for name in ("index.html", "assets/app.js", "docs/index.html", ".git/config", ".env", ".well-known/security.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "empty").mkdir()
    (tmp_path / "dist-other").mkdir()
    (tmp_path / "dist-other" / "secret.txt").write_text("secret")
    (tmp_path / "secret.txt").write_text("secret")
    (root / "out").symlink_to(tmp_path / "dist-other")
    (root / "leak.txt").symlink_to(tmp_path / "secret.txt")
    (root / "alias.js").symlink_to(root / "assets" / "app.js")
    (root / "loop").symlink_to(root / "loop")
    os.mkfifo(root / "pipe")
    return root


def served(root: Path, path: str) -> str:
    file = BuiltClient(root).find(path)
    assert file is not None
    return file.read_text()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", "index.html"),
        ("index.html", "index.html"),
        ("assets/app.js", "assets/app.js"),
        ("docs", "docs/index.html"),
        ("docs/", "docs/index.html"),
        ("alias.js", "assets/app.js"),
        (".well-known/security.txt", ".well-known/security.txt"),
    ],
)
def test_files_and_directories_with_a_page_are_found(built: Path, path: str, name: str) -> None:
    assert served(built, path) == name


@pytest.mark.parametrize(
    "path",
    [
        "settings/general",
        "projects/abc/threads/def",
        "assets/none.js",
        "favicon.ico",
        "empty",
        "pipe",
        "loop",
        "../secret.txt",
        "assets/../../secret.txt",
        "/etc/passwd",
        "//etc/passwd",
        "out/secret.txt",
        "leak.txt",
        "../dist-other/secret.txt",
        ".env",
        ".git/config",
        "a\0b",
        "x" * 5000,
        "assets/app.js/deeper",
    ],
)
def test_everything_else_is_the_page_of_the_client(built: Path, path: str) -> None:
    assert served(built, path) == "index.html"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(SEGMENTS)
def test_no_path_leaves_the_directory_or_shows_what_is_hidden(built: Path, segments: list[str]) -> None:
    text = served(built, "/".join(segments))
    assert text in ("index.html", "assets/app.js", "docs/index.html")


def test_there_is_no_client_without_a_page(tmp_path: Path) -> None:
    (tmp_path / "app.js").write_text("1")
    client = BuiltClient(tmp_path)
    assert client.index() is None
    assert client.find("projects/1") is None


def test_a_missing_directory_holds_no_client(tmp_path: Path) -> None:
    assert BuiltClient(tmp_path / "gone").find("") is None


def test_a_new_build_counts_at_once(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / "index.html").write_text("1")
    (tmp_path / "two" / "index.html").write_text("2")
    current = tmp_path / "current"
    current.symlink_to(tmp_path / "one")
    assert served(current, "") == "1"
    current.unlink()
    current.symlink_to(tmp_path / "two")
    assert served(current, "") == "2"
