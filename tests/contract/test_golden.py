"""The recordings of the reference server, replayed; what differs on purpose stands in ``differences.toml``."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.contract.differences import load_judge
from tests.contract.golden import ORDER, load
from tests.contract.placeholders import Bindings
from tests.contract.replay import Replay
from tests.contract.sockets import Listeners
from tests.contract.stage import make_stage
from tests.contract.triggers import zone_without_slots_soon
from tests.contract.workspace import ASSET_CSS, ASSET_JS, Workspace, make_workspace
from tests.support.fixtures import ServerFactory
from tests.support.server import Server

BEFORE = {
    "s01_meta": (),
    "s02_projects": (),
    "s04_threads_basic": ("s02_projects",),
    "s08_git": ("s02_projects", "s04_threads_basic"),
    "s12_automations": ("s02_projects",),
}
"""Scenarios whose results a scenario uses; they are played before it."""


GH = """#!/bin/sh
case "$*" in *"--title fail"*|*"--title=fail"*) echo "pull request create failed: simulated" >&2; exit 1;; esac
echo "https://github.example/demo/pull/1"
"""
"""Stands in for GitHub's command line tool."""


def recorded_script() -> str:
    """Return the first bytes of the recorded client's script."""
    exchange = next(one for one in load("s01_meta").exchanges if one.name == "static_js_range")
    return str(exchange.line["text"])


def bindings_for(server: Server, workspace: Workspace) -> Bindings:
    """Return what the placeholders mean that no answer tells."""
    bindings = Bindings()
    bindings.bind("work", str(workspace.root))
    bindings.bind("gone_dir", str(workspace.gone))
    bindings.bind("base", server.base_url)
    bindings.bind("hostport", urlsplit(server.base_url).netloc)
    bindings.bind("token", server.token)
    bindings.bind("claude", str(server.bin / "claude"))
    bindings.bind("dist", str(workspace.client_build))
    bindings.bind("asset_js", ASSET_JS)
    bindings.bind("asset_css", ASSET_CSS)
    return bindings


@pytest.mark.parametrize("scenario", [name for name in ORDER if name in BEFORE])
async def test_the_recording_is_answered_as_recorded(
    scenario: str, server_factory: ServerFactory, tmp_path: Path
) -> None:
    workspace = make_workspace(tmp_path / "work", tmp_path / "dist", recorded_script())
    config = f'[plugins.web]\ndirectory = "{workspace.client_build}"\n'
    server = server_factory(config=f'{config}[plugins.automations]\nzone = "{zone_without_slots_soon()}"\n')
    gh = server.bin / "gh"
    gh.write_text(GH)
    gh.chmod(0o755)
    await server.start()
    judge = load_judge()
    async with Listeners(server.base_url) as listeners:
        replay = Replay(server.base_url, bindings_for(server, workspace), listeners, make_stage(workspace))
        for earlier in BEFORE[scenario]:
            await replay.play(load(earlier), load_judge())
        if scenario != "s01_meta" and not listeners.open_ones:
            await listeners.open("A", f"/ws?token={server.token}")
        outcomes = await replay.play(load(scenario), judge)
    reports = []
    for outcome in outcomes:
        unexplained = judge.unexplained(scenario, outcome.names, outcome.differences)
        if unexplained:
            reports.append(outcome.report(unexplained))
    assert not reports, f"{len(reports)} exchanges differ without a reason in differences.toml:\n" + "\n".join(reports)
    assert not judge.vanished(scenario), "listed, but the same as recorded:\n" + "\n".join(judge.vanished(scenario))
    await server.stop()
