"""Running commands (``http-features.md`` §8)."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.plugins.commands.conftest import Shop
from tests.plugins.hosts.conditions import alive
from tests.support.flood import BLOCK, BLOCKS, Flood
from tests.support.repository import make_repository


async def test_output_comes_between_running_and_exited(shop: Shop) -> None:
    id = await shop.begin("echo one; echo two >&2; exit 3")
    assert await shop.final(id) == {
        "commandId": id,
        "projectId": shop.project["id"],
        "label": "Run",
        "status": "exited",
        "exitCode": 3,
    }
    first, *middle, last = [frame for frame in shop.page.frames if frame["type"].startswith("command:")]
    assert first == {
        "type": "command:status",
        "threadId": "",
        "data": {"commandId": id, "projectId": shop.project["id"], "label": "Run", "status": "running"},
    }
    assert {(frame["data"]["channel"], frame["data"]["data"]) for frame in middle} == {
        ("stdout", "one\n"),
        ("stderr", "two\n"),
    }
    assert last["data"]["status"] == "exited"
    assert await shop.client.get(f"{shop.base}/{id}/status") == {"running": False}


async def test_who_looks_later_gets_what_was_written_and_sees_where_the_events_go_on(shop: Shop) -> None:
    id = await shop.add("echo one; cat fifo; exit 3")
    output = f"{shop.base}/{id}/output"
    assert await shop.client.get(output) == {"running": False, "data": "", "cut": False, "next": 0, "exitCode": None}
    os.mkfifo(shop.directory / "fifo")
    await shop.start(id)
    await shop.output(id, "one\n")
    begun = await shop.client.get(output)
    assert begun == {"running": True, "data": "one\n", "cut": False, "next": 1, "exitCode": None}
    await asyncio.to_thread((shop.directory / "fifo").write_text, "two\n")
    await shop.final(id)
    later = [frame["data"] for frame in shop.frames(id, "command:output") if frame["data"]["index"] >= begun["next"]]
    assert "".join(frame["data"] for frame in later) == "two\n"
    assert await shop.client.get(output) == {
        "running": False,
        "data": "one\ntwo\n",
        "cut": False,
        "next": 1 + len(later),
        "exitCode": 3,
    }


async def test_of_much_output_the_end_is_kept(shop: Shop) -> None:
    id = await shop.begin("seq 100000")
    await shop.final(id)
    kept = await shop.client.get(f"{shop.base}/{id}/output")
    assert kept["cut"]
    assert len(kept["data"]) <= 64 * 1024
    assert kept["data"].splitlines()[-1] == "100000"


async def test_output_is_forgotten_with_its_command_and_hidden_from_other_projects(shop: Shop, tmp_path: Path) -> None:
    id = await shop.begin("echo secret")
    await shop.final(id)
    make_repository(tmp_path / "other")
    other = await shop.client.post("/api/projects", json={"name": "other", "path": str(tmp_path / "other")})
    assert (await shop.client.get(f"/api/projects/{other['id']}/commands/{id}/output"))["data"] == ""
    await shop.client.delete(f"{shop.base}/{id}")
    assert (await shop.client.get(f"{shop.base}/{id}/output"))["data"] == ""


async def test_it_runs_in_the_project_without_input_and_without_the_servers_settings(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PORT", "HOST", "CORS_ORIGIN", "AUTH_MODE", "A_PARALLEL_PORT"):
        monkeypatch.setenv(name, "of the server")
    monkeypatch.setenv("FROM_THE_USER", "kept")
    id = await shop.begin(
        'cat; pwd; echo "<$PORT$HOST$CORS_ORIGIN$AUTH_MODE$A_PARALLEL_PORT>$FROM_THE_USER $FORCE_COLOR"'
    )
    assert (await shop.final(id))["exitCode"] == 0
    assert await shop.output(id, "1\n") == f"{shop.directory}\n<>kept 1\n"


async def test_a_signal_is_told_as_a_shell_does(shop: Shop) -> None:
    id = await shop.begin("kill -TERM $$")
    assert (await shop.final(id))["exitCode"] == 143


BYTE_BY_BYTE = """
import os
for byte in "ä€😀".encode() + bytes([255]):
    os.write(1, bytes([byte]))
    os.write(2, b"x")
"""


async def test_characters_are_never_split(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(BYTE_BY_BYTE)
    id = await shop.begin(f"{sys.executable} {tmp_path}/script.py")
    await shop.final(id)
    out = "".join(f["data"]["data"] for f in shop.frames(id, "command:output") if f["data"]["channel"] == "stdout")
    assert out == "ä€😀\ufffd"


async def test_a_flood_arrives_whole_in_messages_of_bearable_size(shop: Shop) -> None:
    id = await shop.begin("head -c 6000000 /dev/zero | tr '\\0' x; echo; echo end")
    await shop.final(id)
    texts = [frame["data"]["data"] for frame in shop.frames(id, "command:output")]
    assert "".join(texts) == "x" * 6000000 + "\nend\n"
    assert max(map(len, texts)) <= 64 * 1024


async def test_stopping_ends_the_whole_tree_with_one_final_event(shop: Shop) -> None:
    id = await shop.begin("(setsid sleep 60 & echo pid=$!; wait) & sleep 60 & echo up; wait")
    text = await shop.output(id, "up\n")
    while "pid=" not in text or not text.rpartition("pid=")[2].strip():
        text = await shop.output(id, "pid=")
    sleeper = int(text.rpartition("pid=")[2].split()[0])
    await shop.stop(id)
    assert not alive(sleeper)
    assert await shop.final(id) == {
        "commandId": id,
        "projectId": shop.project["id"],
        "label": "Run",
        "status": "stopped",
    }
    assert await shop.statuses(id) == ["running", "stopped"]


async def test_what_is_written_while_stopping_comes_before_the_final_event(shop: Shop) -> None:
    id = await shop.begin("trap 'echo good bye; exit 0' TERM; echo up; while :; do sleep 0.05; done")
    await shop.output(id, "up")
    await shop.stop(id)
    await shop.final(id)
    frames = [frame for frame in shop.page.frames if frame["data"].get("commandId") == id]
    assert frames[-2]["data"]["data"] == "good bye\n"
    assert frames[-1]["data"]["status"] == "stopped"


async def test_who_ignores_the_request_is_killed(shop: Shop) -> None:
    id = await shop.begin("trap '' TERM; echo up; n=0; while [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done")
    await shop.output(id, "up")
    async with asyncio.timeout(20):
        await shop.stop(id)
    assert await shop.statuses(id) == ["running", "stopped"]


async def test_starting_again_replaces_without_a_final_event(shop: Shop) -> None:
    id = await shop.begin("trap 'echo old one goes; exit 0' TERM; echo $$; while :; do sleep 0.05; done")
    old = int(await shop.output(id, "\n"))
    await shop.start(id)
    assert not alive(old)
    assert await shop.client.get(f"{shop.base}/{id}/status") == {"running": True}
    await shop.stop(id)
    assert await shop.statuses(id) == ["running", "running", "stopped"]


async def test_many_presses_leave_one_process(shop: Shop) -> None:
    id = await shop.add("echo pid=$$; sleep 60")
    await asyncio.gather(*(shop.start(id) for _ in range(5)))
    await shop.stop(id)
    assert await shop.statuses(id) == ["running"] * 5 + ["stopped"]
    written = "".join(frame["data"]["data"] for frame in shop.frames(id, "command:output"))
    assert not [
        pid for line in written.splitlines() if line.startswith("pid=") for pid in [int(line[4:])] if alive(pid)
    ]


async def test_a_stop_during_the_start_is_obeyed(shop: Shop) -> None:
    id = await shop.add("sleep 60")
    starting = asyncio.create_task(shop.start(id))
    await shop.page.receive("command:status", commandId=id)
    await shop.stop(id)
    await starting
    assert await shop.client.get(f"{shop.base}/{id}/status") == {"running": False}


async def test_deleting_a_running_command_stops_it(shop: Shop) -> None:
    id = await shop.begin("echo $$; sleep 60")
    pid = int(await shop.output(id, "\n"))
    assert await shop.client.delete(f"{shop.base}/{id}") == {"ok": True}
    assert not alive(pid)
    assert (await shop.final(id))["status"] == "stopped"
    assert await shop.client.get(shop.base) == []


async def test_deleting_the_project_stops_its_commands(shop: Shop) -> None:
    ids = [await shop.begin("echo $$; sleep 60") for _ in range(2)]
    pids = [int(await shop.output(id, "\n")) for id in ids]
    await shop.client.delete(f"/api/projects/{shop.project['id']}")
    assert not any(map(alive, pids))
    assert [(await shop.final(id))["status"] for id in ids] == ["stopped", "stopped"]


async def test_a_vanished_directory_is_told(shop: Shop) -> None:
    id = await shop.add("echo hello")
    shutil.rmtree(shop.directory)
    answer = await shop.client.answer("POST", f"{shop.base}/{id}/start")
    assert answer.status == 424
    assert str(shop.directory) in answer.json["error"]
    assert await shop.client.get(f"{shop.base}/{id}/status") == {"running": False}


async def test_what_cannot_be_an_argument_is_refused(shop: Shop) -> None:
    id = await shop.add("echo \0")
    assert (await shop.client.answer("POST", f"{shop.base}/{id}/start")).status == 400


async def test_the_end_of_the_server_ends_everything(shop: Shop) -> None:
    id = await shop.begin("setsid sleep 60 & echo $! $$; wait")
    pids = [int(word) for word in (await shop.output(id, "\n")).split()]
    await shop.running.stop()
    assert not any(map(alive, pids))


async def test_switching_the_plugin_off_tells_the_pages(shop: Shop) -> None:
    id = await shop.begin("echo $$; sleep 60")
    pid = int(await shop.output(id, "\n"))
    await shop.client.post("/api/kernel/plugins/commands/disable")
    assert (await shop.final(id))["status"] == "stopped"
    assert not alive(pid)


async def test_only_the_owner_hears_of_a_command(shop: Shop, tmp_path: Path) -> None:
    make_repository(tmp_path / "work" / "other")
    anna = shop.client.acting_as("anna")
    other = await anna.post("/api/projects", json={"name": "other", "path": str(tmp_path / "work" / "other")})
    async with anna.websocket() as page, shop.client.websocket() as second:
        theirs = Shop(shop.running, other, page)
        secret = await shop.begin("echo secret")
        await shop.final(secret)
        await second.receive("command:status", commandId=secret, status="exited")
        mine = str((await anna.post(theirs.base, json={"label": "x", "command": "echo mine"}))["id"])
        await anna.post(f"{theirs.base}/{mine}/start")
        await theirs.final(mine)
        assert {frame["data"]["commandId"] for frame in page.frames} == {mine}
        await second.receive("command:status", commandId=mine, status="exited")  # local mode shows everything


async def test_a_page_that_does_not_read_slows_the_command_down(shop: Shop, tmp_path: Path) -> None:
    flood = Flood(tmp_path)
    id = await shop.begin(flood.command)
    await flood.held_up()
    assert not flood.done
    assert await shop.client.get(f"{shop.base}/{id}/status") == {"running": True}
    await shop.final(id)
    assert sum(frame["data"]["data"].count("x") for frame in shop.frames(id, "command:output")) == BLOCKS * BLOCK
    assert flood.done


async def test_stopping_does_not_wait_for_a_page_that_does_not_read(shop: Shop, tmp_path: Path) -> None:
    flood = Flood(tmp_path)
    id = await shop.begin(flood.command)
    await flood.held_up()
    async with asyncio.timeout(15):
        await shop.stop(id)
    assert not flood.done
    assert await shop.client.get(f"{shop.base}/{id}/status") == {"running": False}
