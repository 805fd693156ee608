"""The service and the plugin in a kernel."""

import asyncio
import signal
from pathlib import Path
from typing import cast

import pytest

from a_parallel_contracts import FailedDependency, NotFound, ServiceUnavailable
from a_parallel_contracts.hosts import HOSTS, Host, Hosts, Owner
from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.hosts import HostsPlugin, processes, reaper
from a_parallel_plugins.hosts.local import LocalHost
from a_parallel_plugins.hosts.service import HostsService
from tests.plugins.hosts.conditions import alive, content, first, until
from tests.plugins.hosts.opened import database


def test_it_is_what_the_contract_says(hosts: HostsService) -> None:
    service: Hosts = hosts
    local: Host = hosts.local
    assert service.get("local") is service.get() is local


def test_further_hosts_come_and_go(hosts: HostsService) -> None:
    other = cast("Host", object())
    take_back = hosts.add("cluster", other)
    assert hosts.names() == ["local", "cluster"]
    assert hosts.get("cluster") is other
    with pytest.raises(ValueError, match="cluster"):
        hosts.add("cluster", other)
    take_back()
    take_back()
    with pytest.raises(NotFound, match="no host named cluster"):
        hosts.get("cluster")


async def test_nothing_is_started_while_the_server_stops(hosts: HostsService, tmp_path: Path) -> None:
    await hosts.close()
    host = hosts.local
    with pytest.raises(ServiceUnavailable):
        await host.run(["true"], cwd=tmp_path)
    with pytest.raises(ServiceUnavailable):
        await host.detach(["true"], cwd=tmp_path)


async def test_a_child_that_cannot_be_recorded_is_ended(hosts: HostsService, tmp_path: Path) -> None:
    await hosts._store._db.write(lambda tx: tx.execute("ALTER TABLE hosts_processes RENAME TO hosts_gone"))
    with pytest.raises(Exception, match="no such table"):
        await hosts.local.spawn(["sleep", "600"], cwd=tmp_path, owner=Owner("agent", "t1"))
    await until(lambda: hosts.local.running == 0)


async def test_a_child_that_was_detached_is_reaped(host: LocalHost, tmp_path: Path) -> None:
    await host.detach(["sh", "-c", "echo $$ > new; mv new pid"], cwd=tmp_path)
    pid = int(await content(tmp_path / "pid"))
    await until(lambda: processes.started(pid) is None)
    with pytest.raises(FailedDependency, match="no-such-editor was not found"):
        await host.detach(["no-such-editor"], cwd=tmp_path)


async def test_no_child_and_no_descriptor_is_left(host: LocalHost, tmp_path: Path) -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0

    await host.run(["true"], cwd=tmp_path)
    before = descriptors()
    pids = []
    for _ in range(10):
        await host.run(["true"], cwd=tmp_path)
        process = await host.spawn(["cat"], cwd=tmp_path, owner=Owner("agent", "t1"))
        await process.terminate()
        pty = await host.open_pty(["cat"], cwd=tmp_path, owner=Owner("terminal", "p1"), rows=1, cols=1)
        await pty.hang_up()
        pids += [process.pid, pty.pid]
    await asyncio.sleep(0)
    assert descriptors() == before
    assert [pid for pid in pids if processes.started(pid)] == [], "zombies"


async def test_the_plugin_serves_in_a_kernel_and_ends_its_children_with_it(
    kernel: KernelFactory, tmp_path: Path
) -> None:
    running = await kernel({"hosts": HostsPlugin})
    running.expect_running("hosts")
    host: Host = running.service(HOSTS).get()
    assert (await host.run(["echo", "hello"], cwd=tmp_path)).text == "hello"
    process = await host.spawn(["sh", "-c", "setsid sleep 600 & echo $!"], cwd=tmp_path, owner=Owner("agent", "t1"))
    sleeper = int(await first(process.lines()))
    await running.stop()
    assert not alive(sleeper)


async def test_the_plugin_starts_after_the_leftovers_are_gone(kernel: KernelFactory, tmp_path: Path) -> None:
    data = tmp_path / "data"
    await (await kernel({"hosts": HostsPlugin}, data_directory=data)).stop()
    async with database(data) as db:
        earlier = await HostsService.open(db, data)
        process = await earlier.local.spawn(["sleep", "600"], cwd=tmp_path, owner=Owner("agent", "t1"))
        running = await kernel({"hosts": HostsPlugin}, data_directory=data)
        running.expect_running("hosts")
        assert not alive(process.pid)
        assert await process.wait() == -signal.SIGTERM
        await running.stop()
        await earlier.close()


async def test_it_works_without_process_descriptors(
    host: LocalHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaper, "_open", lambda pid: None)
    assert (await host.run(["sh", "-c", "exit 3"], cwd=tmp_path)).returncode == 3
    process = await host.spawn(["sleep", "600"], cwd=tmp_path, owner=Owner("agent", "t1"))
    assert await process.terminate() == -signal.SIGTERM
