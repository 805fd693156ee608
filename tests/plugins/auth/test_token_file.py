"""The file in which the token of local mode lies."""

import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from a_parallel_plugins.auth.token import load_token


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_missing_file_is_made_with_a_random_token_that_only_the_owner_can_read(tmp_path: Path) -> None:
    path = tmp_path / "auth-token"
    token = load_token(path)
    assert re.fullmatch("[0-9a-f]{64}", token)
    assert path.read_text() == token
    assert mode_of(path) == 0o600


def test_the_token_survives_restarts(tmp_path: Path) -> None:
    path = tmp_path / "auth-token"
    assert load_token(path) == load_token(path)


@pytest.mark.parametrize("blank", ["", "\n", "  \t\n"])
def test_a_blank_file_is_replaced(tmp_path: Path, blank: str) -> None:
    path = tmp_path / "auth-token"
    path.write_text(blank)
    path.chmod(0o644)
    assert path.read_text() != load_token(path) == path.read_text()
    assert mode_of(path) == 0o600


def test_a_token_that_somebody_wrote_is_trimmed_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "auth-token"
    path.write_text("  secret-of-mine\n")
    assert load_token(path) == "secret-of-mine"
    assert path.read_text() == "  secret-of-mine\n"


def test_a_file_that_others_can_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "auth-token"
    path.write_text("secret")
    path.chmod(0o664)
    load_token(path)
    assert mode_of(path) == 0o600


def test_nothing_else_is_left_in_the_directory(tmp_path: Path) -> None:
    load_token(tmp_path / "auth-token")
    assert [file.name for file in tmp_path.iterdir()] == ["auth-token"]


def test_everybody_who_starts_at_once_gets_the_same_token(tmp_path: Path) -> None:
    path = tmp_path / "auth-token"
    with ThreadPoolExecutor(16) as pool:
        tokens = set(pool.map(lambda _: load_token(path), range(64)))
    assert tokens == {path.read_text()}


def test_an_unwritable_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="auth-token"):
        load_token(tmp_path / "missing" / "auth-token")
