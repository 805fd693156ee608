"""Our wheel and those of the examples, installed where nothing else of ours is, and tested there."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wheels.environment import REPOSITORY, Environment, build

EXAMPLES = ("acme_notes", "acme_policy", "acme_proxy")

pytestmark = [
    pytest.mark.xdist_group("wheels"),  # one environment for all of them
    pytest.mark.timeout(400),  # pip and whole suites, on a machine that may have other things to do
]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    directory = tmp_path_factory.mktemp("wheels")
    sources = [REPOSITORY, *(REPOSITORY / "examples" / name for name in EXAMPLES)]
    wheels = directory / "wheels"
    wheels.mkdir()
    made = Environment(directory)
    made.environment["A_PARALLEL_PROXY_SECRET"] = "known to both"
    made.install(*(build(source, wheels) for source in sources))
    yield made
    shutil.rmtree(directory)


def listed(environment: Environment) -> dict[str, dict[str, str]]:
    rows = json.loads(environment.run("a-parallel", "plugins", "list", "--json"))
    return {row["id"]: row for row in rows}


def test_nothing_comes_from_the_repository(environment: Environment) -> None:
    names = [*(f"a_parallel_{part}" for part in ("contracts", "kernel", "plugins", "migrations")), *EXAMPLES]
    code = f"import {', '.join(names)}, sys; print(*(sys.modules[name].__file__ for name in {names}))"
    places = environment.run("python", "-c", code).split()
    assert len(places) == len(names)
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


def test_a_plugin_comes_and_goes_as_the_guide_says(environment: Environment, tmp_path: Path) -> None:
    guide = (REPOSITORY / "docs" / "plugins" / "README.md").read_text(encoding="utf-8")
    coming, going = (
        re.findall(r"^\$ (.+)$", block, re.M) for block in re.findall(r"```console\n(.*?)```", guide, re.S)
    )
    told = environment.follow(coming, tmp_path)
    assert "1 passed" in told
    assert "ok    acme_greeter: running\n" in told
    assert listed(environment)["acme_greeter"]["state"] == "enabled"
    environment.follow(going[:1], tmp_path)
    assert listed(environment)["acme_greeter"]["state"] == "disabled"
    environment.follow(going[1:], tmp_path)
    assert "acme_greeter" not in listed(environment)
    environment.run("a-parallel", "plugins", "check", "acme_greeter", status=2)
