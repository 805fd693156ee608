"""Development of the web client: ``python -m tools.client install|build|types``.

``types`` writes what the client knows of the server: the types of every route and topic, generated from the server's
own OpenAPI document by openapi-typescript.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hatch_build import CLIENT, ROOT, build, lock_is_newer, needed, system_node

SCHEMA = CLIENT / "src/api/schema.d.ts"
START_LIMIT = 60.0
HEADER = "// Generated from the server's OpenAPI document: python -m tools.client types\n\n"


@contextmanager
def running_server() -> Iterator[tuple[str, str]]:
    """Run a server with everything bundled, in a directory of its own; yields its URL and token."""
    with tempfile.TemporaryDirectory(prefix="a-parallel-types-") as directory:
        command = [sys.executable, "-m", "a_parallel_kernel", "-p", "0", "--data-directory", directory]
        environment = {**os.environ, "HOME": directory}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        ) as server:
            try:
                yield _address(server), (Path(directory) / "auth-token").read_text(encoding="utf-8")
            finally:
                server.terminate()


def _address(server: subprocess.Popen[str]) -> str:
    said: list[str] = []
    for line in server.stdout or ():
        said.append(line)
        if found := re.search(r"ready at (http://\S+)", line):
            return found[1]
    raise SystemExit("the server did not start:\n" + "".join(said))


def document() -> dict[str, Any]:
    """Return the OpenAPI document of a server with every bundled plugin."""
    with running_server() as (url, token):
        request = urllib.request.Request(f"{url}/api/kernel/openapi.json", headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - http on loopback
        with urllib.request.urlopen(request, timeout=START_LIMIT) as answer:  # noqa: S310 - the same
            found: dict[str, Any] = json.load(answer)
    return found


def with_topics(found: dict[str, Any]) -> dict[str, Any]:
    """Return the document with a schema ``Topics`` that has a property for each topic of the socket."""
    topics = {name: topic["data"] for name, topic in sorted(found["x-topics"].items())}
    found["components"]["schemas"]["Topics"] = {"type": "object", "properties": topics, "required": list(topics)}
    return found


def types(found: dict[str, Any]) -> str:
    """Return the TypeScript module for a document.

    Raises:
        subprocess.CalledProcessError: the generator failed; the client's packages may not be installed.
    """
    with tempfile.TemporaryDirectory(prefix="a-parallel-types-") as directory:
        source, target = Path(directory) / "openapi.json", Path(directory) / "schema.d.ts"
        source.write_text(json.dumps(with_topics(found)), encoding="utf-8")
        generator = str(CLIENT / "node_modules/.bin/openapi-typescript")
        options = ["--output", str(target), "--alphabetize"]
        command = [generator, str(source), *options]
        subprocess.run(command, check=True, cwd=CLIENT, stdout=subprocess.DEVNULL)
        return HEADER + target.read_text(encoding="utf-8")


def write_types() -> None:
    """Write the types of the server as it is."""
    SCHEMA.write_text(types(document()), encoding="utf-8")


def install() -> None:
    """Install the client's packages, those for its tests included; without Node.js its tests are skipped."""
    if system_node() is None:
        print("No recent Node.js with npm: tests of the web client are skipped")
    elif not (CLIENT / "node_modules/axe-core").exists() or lock_is_newer():
        # What the build has installed already is kept; `ci` would begin anew.
        verb = "install" if (CLIENT / "node_modules").exists() else "ci"
        subprocess.run(["npm", verb, "--no-audit", "--no-fund", "--loglevel=error"], check=True, cwd=CLIENT)


def build_client() -> None:
    """Build the client where it is missing or old; pip brings Node.js for that where the system has none."""
    if system_node() is not None:
        build()
    elif needed():
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--editable", ROOT], check=True)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.client", description=__doc__)
    actions = {"install": install, "build": build_client, "types": write_types}
    parser.add_argument("action", choices=actions)
    actions[parser.parse_args().action]()


if __name__ == "__main__":
    main()
