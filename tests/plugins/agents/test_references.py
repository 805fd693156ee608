"""Files in front of a prompt stay inside the working directory, whatever a path looks like."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from a_parallel_plugins.agents.references import FILE_LIMIT, with_references


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A directory beside one whose name begins alike, with links out of it."""
    root = tmp_path / "work"
    (root / "docs").mkdir(parents=True)
    (root / "a.txt").write_text("alpha")
    (root / "docs" / "b.txt").write_text("beta")
    (tmp_path / "work-secret").mkdir()
    (tmp_path / "work-secret" / "key").write_text("SECRET")
    (root / "link").symlink_to(tmp_path / "work-secret" / "key")
    (root / "inside").symlink_to(root / "a.txt")
    (root / "loop").symlink_to(root / "loop")
    return root


def test_contents_come_before_the_text(root: Path) -> None:
    text = with_references("Look", ["a.txt", "docs/b.txt", "inside"], str(root))
    assert text == (
        '<referenced-files>\n<file path="a.txt">\nalpha\n</file>\n<file path="docs/b.txt">\nbeta\n</file>\n'
        '<file path="inside">\nalpha\n</file>\n</referenced-files>\n\nLook'
    )


@pytest.mark.parametrize(
    "path", ["../work-secret/key", "link", "/etc/hostname", "docs/../../work-secret/key", "a\0b", "loop/../link"]
)
def test_what_lies_outside_is_left_out(root: Path, path: str) -> None:
    assert with_references("Look", [path], str(root)) == "Look"


@pytest.mark.parametrize("path", ["missing", "docs", "."])
def test_what_is_no_readable_file_becomes_a_note(root: Path, path: str) -> None:
    text = with_references("Look", [path], str(root))
    assert f'<file path="{path}" note="File was not found or cannot be read"></file>' in text


def test_large_files_become_a_note(root: Path) -> None:
    (root / "big").write_bytes(b"x" * (FILE_LIMIT + 1))
    assert 'note="File is too large to include (100 KB); use the Read tool"' in with_references("L", ["big"], str(root))


def test_the_total_is_bounded(root: Path) -> None:
    for index in range(6):
        (root / f"f{index}").write_bytes(b"x" * FILE_LIMIT)
    text = with_references("Look", [f"f{index}" for index in range(6)], str(root))
    assert text.count("too large") == 1
    assert len(text) < 520 * 1024


def test_names_are_escaped(root: Path) -> None:
    (root / 'q"<>.txt').write_text("x")
    assert '<file path="q&quot;&lt;&gt;.txt">' in with_references("Look", ['q"<>.txt'], str(root))


PARTS = st.sampled_from(
    ["..", ".", "a.txt", "docs", "link", "loop", "inside", "work-secret", "key", "", "~", "/", "\0"]
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=6))
def test_no_path_reaches_a_file_outside(root: Path, parts: list[str]) -> None:
    assert "SECRET" not in with_references("Look", ["/".join(parts)], str(root))
