"""Our wheel and those of the examples, installed where nothing else of ours is, and tested there."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wheels.environment import REPOSITORY, Environment, build

EXAMPLES = ("acme_notes", "acme_policy")

pytestmark = pytest.mark.xdist_group("wheels")  # one environment for all of them


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    directory = tmp_path_factory.mktemp("wheels")
    sources = [REPOSITORY, *(REPOSITORY / "examples" / name for name in EXAMPLES)]
    wheels = directory / "wheels"
    wheels.mkdir()
    made = Environment(directory)
    made.install(*(build(source, wheels) for source in sources))
    yield made
    shutil.rmtree(directory)


def listed(environment: Environment) -> dict[str, dict[str, str]]:
    rows = json.loads(environment.run("a-parallel", "plugins", "list", "--json"))
    return {row["id"]: row for row in rows}


def test_nothing_comes_from_the_repository(environment: Environment) -> None:
    names = "a_parallel_contracts a_parallel_kernel a_parallel_plugins a_parallel_migrations acme_notes acme_policy"
    code = f"import {names.replace(' ', ', ')}, sys; print(*(sys.modules[n].__file__ for n in {names.split()}))"
    places = environment.run("python", "-c", code).split()
    assert len(places) == 6
    assert all(Path(place).is_relative_to(environment.packages) for place in places), places


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_tests_of_an_example_pass(environment: Environment, name: str, tmp_path: Path) -> None:
    source = REPOSITORY / "examples" / name
    shutil.copytree(source / "tests", tmp_path / "tests")
    shutil.copy(source / "pyproject.toml", tmp_path)
    environment.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", directory=tmp_path)


def test_every_bundled_plugin_is_in_the_wheel_and_would_start(environment: Environment) -> None:
    checked = environment.run("a-parallel", "plugins", "check")
    plugins = listed(environment)
    assert {line.split()[1].rstrip(":") for line in checked.splitlines()} == set(plugins)
    assert plugins["notes"]["distribution"] == "acme-notes"
    assert plugins["policy"]["version"] == "1.0.0"
    assert len([row for row in plugins.values() if row["distribution"] == "a-parallel"]) >= 22


def test_a_scaffolded_plugin_comes_and_goes(environment: Environment) -> None:
    environment.run("a-parallel", "plugins", "new", "acme-greeter")
    directory = environment.directory / "acme-greeter"
    environment.install(build(directory, environment.directory / "wheels"))
    shutil.rmtree(directory / "src")
    environment.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", directory=directory)
    assert environment.run("a-parallel", "plugins", "check", "acme_greeter") == "ok    acme_greeter: running\n"
    environment.run("a-parallel", "plugins", "disable", "acme_greeter")
    assert listed(environment)["acme_greeter"]["state"] == "disabled"
    environment.uninstall("acme-greeter")
    assert "acme_greeter" not in listed(environment)
    environment.run("a-parallel", "plugins", "check", "acme_greeter", status=2)
