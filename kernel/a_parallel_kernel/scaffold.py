"""Writes a new plugin that passes its own tests at once: ``a-parallel plugins new NAME``."""

import keyword
import re
from pathlib import Path
from string import Template

from a_parallel_contracts.plugin import API_VERSION
from a_parallel_kernel.supervisor import RESERVED, VALID_ID

FILES = {
    "pyproject.toml": """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "$distribution"
version = "0.1.0"
description = "The plugin $id for a-parallel"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["a-parallel"]

[project.optional-dependencies]
test = ["a-parallel[testing]"]

[project.entry-points."a_parallel.plugins"]
$id = "$package:$klass"

[tool.hatch.build.targets.wheel]
packages = ["src/$package"]

[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
pythonpath = ["src"]
""",
    "README.md": """\
# $distribution

A plugin for a-parallel. `GET /api/$id` answers with a greeting; `[plugins.$id] greeting` changes it.

    pip install -e '.[test]'     # into the environment of the server, which then finds it
    pytest
    a-parallel plugins check $id
""",
    "src/$package/__init__.py": '''\
"""The plugin $id."""

from collections.abc import Iterable

from a_parallel_contracts import Manifest, Plugin, PluginContext, Request, Route, get, hookimpl
from pydantic import BaseModel


class Settings(BaseModel):
    """Section ``[plugins.$id]``."""

    greeting: str = "hello"


class Greeting(BaseModel):
    """Answer of ``GET /api/$id``."""

    greeting: str


class $klass(Plugin):
    """Greet whoever asks."""

    manifest = Manifest(api="$api", settings=Settings)

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the route of the greeting."""

        async def greet(request: Request) -> Greeting:
            return Greeting(greeting=ctx.settings(Settings).greeting)

        return [get("/api/$id", greet)]
''',
    "src/$package/py.typed": "",
    "tests/test_$package.py": '''\
"""What a user of the plugin sees."""

from a_parallel_kernel.testing import RunPlugin

from $package import $klass


async def test_it_greets(run_plugin: RunPlugin) -> None:
    client = await run_plugin($klass, id="$id", settings={"greeting": "good day"})
    assert await client.get("/api/$id") == {"greeting": "good day"}
''',
}


class CannotScaffold(Exception):
    """There is no plugin to be made under that name, or there; the text says why."""


def scaffold(name: str, parent: Path) -> Path:
    """Write a new plugin into a directory of its own and return that.

    Parameters:
        name: of the distribution; the id is the same in lower case with underscores.
        parent: where the directory is made.

    Raises:
        CannotScaffold: the name makes no id or package, or the directory exists.
    """
    id = re.sub(r"[-_. ]+", "_", name.strip().lower())
    if not VALID_ID.fullmatch(id) or id in RESERVED or keyword.iskeyword(id):
        raise CannotScaffold(f"{name!r} makes no id of a plugin: take letters, digits, - and _, a letter first")
    directory = parent / id.replace("_", "-")
    if directory.exists():
        raise CannotScaffold(f"{directory} exists already")
    words = {
        "id": id,
        "package": id,
        "distribution": directory.name,
        "klass": "".join(part.capitalize() for part in id.split("_")) + "Plugin",
        "api": ".".join(map(str, API_VERSION)),
    }
    for path, text in FILES.items():
        file = directory / Template(path).substitute(words)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(Template(text).substitute(words), "utf-8")
    return directory
