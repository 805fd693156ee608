"""Examines a data directory that no server holds: the plugins that have something to look at run, and serve nobody."""

from collections.abc import Mapping
from typing import Any

from a_parallel_contracts.plugin import Manifest
from a_parallel_contracts.topics import SOCKETS
from a_parallel_kernel.app import Kernel
from a_parallel_kernel.config import Config
from a_parallel_kernel.discovery import Candidate, find_candidates, load
from a_parallel_kernel.graph import ServiceGraph
from a_parallel_kernel.hooks import implements
from a_parallel_kernel.store import opened
from a_parallel_kernel.switches import Switches

MARKS = {"error": "FAIL", "warning": "warn", "info": "    "}


async def examined(config: Config, repair: bool) -> dict[str, Any]:
    """Return what there is to find, as ``GET /api/kernel/doctor`` would.

    Raises:
        BootError, DirectoryInUse, DatabaseRefused: it cannot be examined; the text says why.
    """
    if not (config.server.data_directory / "data.db").exists():
        return {"ok": True, "findings": []}
    moved = config.moved(config.server.data_directory)
    kernel = Kernel(moved, await _needed(config), maintenance=True)
    await kernel.start()
    try:
        report = await kernel.doctor.examine(repair=repair)
        await kernel.settled()
    finally:
        await kernel.stop()
    return report.model_dump(by_alias=True)


async def _needed(config: Config) -> list[Candidate]:
    """Return the plugins that examine something, and those whose services they require."""
    async with opened(config.server.data_directory) as store:
        switches = await Switches(store.db).read()
    wanted = [each for each in find_candidates() if config.enabled(each.id, switches)]
    manifests: dict[str, Manifest] = {}
    needed: set[str] = set()
    broken: set[str] = set()
    for candidate in wanted:
        try:
            plugin = await load(candidate, config.kernel.import_deadline)
        except Exception:  # noqa: BLE001 - the kernel tells what is wrong with it when it starts
            broken.add(candidate.id)
            continue
        manifests[candidate.id] = plugin.manifest
        if implements(plugin, "examine"):
            needed.add(candidate.id)
    chosen = _with_requirements(ServiceGraph(manifests, [SOCKETS.name]), needed) | broken
    return [candidate for candidate in wanted if candidate.id in chosen]


def _with_requirements(graph: ServiceGraph, ids: set[str]) -> set[str]:
    found: set[str] = set()
    waiting = set(ids)
    while waiting:
        id = waiting.pop()
        found.add(id)
        waiting |= graph.requirements(id) - found
    return found


def told(report: Mapping[str, Any]) -> str:
    """Return a report for people, one line for each finding."""
    lines = [_line(finding) for finding in report["findings"]]
    open_ones = [each for each in report["findings"] if each["severity"] != "info" and not each["repaired"]]
    if not open_ones:
        return "\n".join([*lines, "all is well"])
    repairable = sum(each["repairable"] for each in open_ones)
    hint = f"; {repairable} can be repaired: a-parallel doctor --repair" if repairable else ""
    return "\n".join([*lines, f"{len(open_ones)} to look at{hint}"])


def _line(finding: Mapping[str, Any]) -> str:
    mark = "done" if finding["repaired"] else MARKS[finding["severity"]]
    return f"{mark}  {finding['check']}: {finding['subject']}: {finding['detail']}"
