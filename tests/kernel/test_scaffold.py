"""A scaffolded plugin passes its own tests, and what cannot be made is refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from a_parallel_kernel.scaffold import CannotScaffold, scaffold


def test_a_new_plugin_passes_its_own_tests_and_type_checks(tmp_path: Path) -> None:
    directory = scaffold("Acme-Greeter", tmp_path)
    assert directory == tmp_path / "acme-greeter"
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"]
    tested = subprocess.run(words, cwd=directory, capture_output=True, text=True, timeout=90, check=False)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "1 passed" in tested.stdout
    words = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "src"]
    typed = subprocess.run(words, cwd=directory, capture_output=True, text=True, timeout=90, check=False)
    assert typed.returncode == 0, typed.stdout


@pytest.mark.parametrize("name", ["", "9lives", "kernel", "../escape", "class", "a/b", "ä"])
def test_a_name_that_makes_no_id_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotScaffold, match="makes no id"):
        scaffold(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    scaffold("notes", tmp_path)
    with pytest.raises(CannotScaffold, match="exists already"):
        scaffold("notes", tmp_path)
