"""A clean environment outside the repository, into which only wheels are installed."""

import os
import subprocess
import sys
import venv
from pathlib import Path

SHIM = """#!/bin/sh
# pip of the test's own environment, without network: what a package depends on is there already.
word=$1; shift
[ "$word" != install ] || set -- --no-deps --no-index --no-build-isolation "$@"
exec {python} -m pip --disable-pip-version-check --python {bin}/python "$word" "$@"
"""

REPOSITORY = Path(__file__).parents[2]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def run(words: list[str], directory: Path, environment: dict[str, str] | None = None, status: int = 0) -> str:
    """Run a program and return what it printed.

    Raises:
        AssertionError: it ended with another status.
    """
    done = subprocess.run(
        words, cwd=directory, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == status, f"{words}:\n{done.stdout}{done.stderr}"
    return done.stdout


def build(source: Path, directory: Path) -> Path:
    """Build the wheel of a source tree and return it; the web client is another test's business."""
    environment = {**os.environ, "A_PARALLEL_SKIP_CLIENT": "1"}
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(directory)]
    run([*PIP, "wheel", *options, str(source)], directory, environment)
    return max(directory.glob("*.whl"), key=lambda wheel: wheel.stat().st_mtime_ns)


class Environment:
    """A virtual environment that shares nothing with the repository.

    What the wheels depend on is taken from the environment of the tests, so that no network is needed: its
    directory of packages is put on the path last, by a ``.pth`` file, after the wheels are in. Such a file adds a
    directory and does not process the ``.pth`` files in it, so the editable installation there stays out of sight.

    Parameters:
        directory: where it is made.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.bin = directory / "venv" / "bin"
        venv.create(directory / "venv", with_pip=False, symlinks=True)
        self.packages = next((directory / "venv").glob("lib/python3*/site-packages"))
        self._program("pip", SHIM.format(python=sys.executable, bin=self.bin))
        self._program("pytest", f'#!/bin/sh\nexec {self.bin}/python -m pytest "$@"\n')
        home = directory / "home"
        home.mkdir()
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("A_PARALLEL_", "PYTHON", "PYTEST_", "GIT_"))
        }
        self.environment |= {"HOME": str(home), "PATH": f"{self.bin}:{os.environ['PATH']}"}

    def _program(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text, "utf-8")
        (self.bin / name).chmod(0o755)

    def install(self, *wheels: Path) -> None:
        """Install wheels, without what they depend on."""
        self._pip("install", "--no-deps", "--no-index", *map(str, wheels))

    def _pip(self, *words: str) -> None:
        """Run pip on the environment; meanwhile it does not see what is installed elsewhere."""
        others = sorted({path for path in sys.path if path.endswith("site-packages")})
        borrowed = self.packages / "zz-dependencies.pth"
        borrowed.unlink(missing_ok=True)
        run([*PIP, "--python", str(self.bin / "python"), *words], self.directory, self.environment)
        borrowed.write_text("\n".join(others), "utf-8")

    def follow(self, commands: list[str], directory: Path) -> str:
        """Type commands into a shell, one after another, and return what they printed."""
        return run(["bash", "-ec", "\n".join(commands)], directory, self.environment)

    def run(self, *words: str, directory: Path | None = None, status: int = 0) -> str:
        """Run a program of the environment and return what it printed."""
        return run([str(self.bin / words[0]), *words[1:]], directory or self.directory, self.environment, status)
