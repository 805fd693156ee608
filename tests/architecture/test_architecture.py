"""How the house is built: who imports whom, what is public, what every plugin owes."""

import ast
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from a_parallel_contracts.plugin import Plugin
from a_parallel_kernel.discovery import Candidate, find_candidates, instantiate
from a_parallel_kernel.graph import ServiceGraph
from tests.architecture.surface import SNAPSHOT, surface

ROOT = Path(__file__).parent.parent.parent
OURS = [candidate for candidate in find_candidates() if candidate.distribution == "a-parallel"]
FEATURES = ("thread", "project", "worktree", "automation", "claude")


def test_the_layers_import_only_what_they_may() -> None:
    linter = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linter.returncode == 0, linter.stdout


def test_the_public_surface_is_the_one_of_its_version() -> None:
    """On a difference: is it additive? Then raise the minor number of API_VERSION, or the major one if it is not,
    and write the surface down with ``python -m tests.architecture.surface``."""
    assert surface() == SNAPSHOT.read_text("utf-8")


@pytest.mark.parametrize("candidate", OURS, ids=lambda candidate: candidate.id)
def test_every_entry_point_imports_and_is_documented(candidate: Candidate) -> None:
    plugin = instantiate(candidate.load())
    assert plugin.__doc__
    assert plugin.manifest.api == "1.0"
    if plugin.manifest.migrations:
        package, _, directory = plugin.manifest.migrations.partition(":")
        assert (resources.files(package) / directory).is_dir()


def test_all_bundled_plugins_start_together() -> None:
    graph = ServiceGraph(
        {candidate.id: instantiate(candidate.load()).manifest for candidate in OURS}, given=["sockets"]
    )
    assert graph.blocked == {}


def test_every_bundled_plugin_is_listed_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [candidate.id for candidate in OURS if f"| `{candidate.id}` |" not in readme] == []


def test_every_bundled_plugin_has_tests() -> None:
    assert [
        candidate.id for candidate in OURS if not list((ROOT / "tests/plugins" / candidate.id).glob("test_*.py"))
    ] == []


@pytest.mark.parametrize("path", sorted((ROOT / "kernel").rglob("*.py")), ids=lambda path: path.name)
def test_the_kernel_knows_no_feature(path: Path) -> None:
    """Of names and texts that decide something: comments and the envelope's key ``threadId`` aside."""
    tree = ast.parse(path.read_text("utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    known = {
        "thread",
        "threads",
        "threading",
        "Thread",
        "to_thread",
        "call_soon_threadsafe",
        "run_coroutine_threadsafe",
    }
    known |= {"in_daemon_thread", "_check_thread", "_thread", "PROJECT"}
    found = {name for name in names - known if any(feature in name.lower() for feature in FEATURES)}
    assert found == set()


def test_every_hook_of_the_kernel_is_tested() -> None:
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))
    hooks = [name for name in vars(Plugin) if hasattr(getattr(Plugin, name), "a_parallel_spec")]
    assert len(hooks) >= 7
    assert [hook for hook in hooks if f"def {hook}(self, ctx" not in tests] == []
