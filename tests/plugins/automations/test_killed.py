"""A real server that is killed while an automation runs."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.contract.wire import request
from tests.support.fixtures import ServerFactory
from tests.support.repository import make_repository
from tests.support.server import Server


async def call(server: Server, method: str, path: str, body: str | None = None) -> Any:
    """Send a request, with JSON as its text, and return the parsed answer."""
    headers = {"Authorization": f"Bearer {server.token}"}
    answer = await asyncio.to_thread(request, server.base_url, method, path, headers, body)
    assert answer.status < 300, answer
    return answer.body["json"]


async def test_a_time_has_one_run_although_the_server_was_killed(server_factory: ServerFactory, tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "demo")
    server = await server_factory().start()
    project = await call(server, "POST", "/api/projects", f'{{"name": "demo", "path": "{repository.path}"}}')
    moment = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    chosen = f'"schedule": "{moment}", "missedPolicy": "all", "overlapPolicy": "parallel"'
    body = f'{{"projectId": "{project["id"]}", "name": "Once", "prompt": "hang", {chosen}}}'
    automation = await call(server, "POST", "/api/automations", body)
    await server.until_command("--disallowedTools Edit,Write,Bash,NotebookEdit")
    await server.kill()

    await server.start()
    [run] = await call(server, "GET", f"/api/automations/{automation['id']}/runs")
    assert (run["status"], run["triageStatus"], run["hasFindings"]) == ("failed", "dismissed", False)
    [thread] = await call(server, "GET", "/api/threads")
    assert (thread["id"], thread["status"], thread["automationId"]) == (
        run["threadId"],
        "interrupted",
        automation["id"],
    )
    [row] = await call(server, "GET", "/api/automations")
    assert (row["lastRunAt"], row["nextRunAt"]) == (run["startedAt"], None)
    await server.stop()
