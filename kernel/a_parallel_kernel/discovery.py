"""Finds plugins by entry point, without importing any of them."""

import asyncio
import concurrent.futures
import functools
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import importlib_metadata
from msgspec import Struct

from a_parallel_contracts.plugin import API_VERSION, ENTRY_POINT_GROUP, Manifest, Plugin
from a_parallel_kernel.hooks import hook_problems

T = TypeVar("T")


class Candidate(Struct, frozen=True):
    """A plugin that is installed, imported or not.

    Attributes:
        id: name of its entry point.
        load: imports it and returns its class.
        distribution, version: of the package that brings it.
        declared: reads the API version that it was written for from its source, as far as that is possible.
    """

    id: str
    load: Callable[[], Any]
    distribution: str = ""
    version: str = ""
    declared: Callable[[], str | None] = lambda: None


class Incompatible(Exception):
    """A plugin that cannot be used as it is; the text says why."""


def find_candidates(group: str = ENTRY_POINT_GROUP) -> list[Candidate]:
    """Return every installed plugin, ordered by id; a name that two packages claim appears twice."""
    named = functools.cache(_named)  # a package brings many plugins, and each look reads all of its metadata
    return sorted((_candidate(point, named) for point in entry_points(group)), key=lambda candidate: candidate.id)


def entry_points(group: str) -> list[importlib_metadata.EntryPoint]:
    """Return the entry points of what was installed when this process looked first.

    Only lists that name the group are taken apart: those of all that is installed take longer than most of a start.
    Of two packages with one name the first on the path counts, as for imports.
    """
    names = dict.fromkeys(found.name for found, text in _lists(tuple(sys.path)) if group in text)
    return [point for name in names for point in importlib_metadata.distribution(name).entry_points.select(group=group)]


@functools.cache
def _lists(path: tuple[str, ...]) -> list[tuple[Any, str]]:
    return [(found, found.read_text("entry_points.txt") or "") for found in importlib_metadata.distributions()]


def _candidate(
    point: importlib_metadata.EntryPoint, named: Callable[[importlib_metadata.Distribution], tuple[str, str]]
) -> Candidate:
    name, version = named(cast(importlib_metadata.Distribution, point.dist)) if point.dist is not None else ("", "")
    return Candidate(point.name, point.load, name, version, functools.partial(_declared, point))


def _declared(point: importlib_metadata.EntryPoint) -> str | None:
    from a_parallel_kernel.declared import declared_api

    return declared_api(point.module, point.attr)


def _named(distribution: importlib_metadata.Distribution) -> tuple[str, str]:
    metadata = distribution.metadata
    return metadata["Name"], metadata["Version"]


async def load(candidate: Candidate, deadline: float) -> Plugin:
    """Import a plugin off the event loop and return an instance of it.

    Parameters:
        candidate: what to import.
        deadline: seconds after which the import is given up; its thread is left behind.

    Raises:
        Incompatible: it is no plugin, or was written for another API.
        TimeoutError: the import did not end in time.
        Exception: whatever the import raised.
    """
    loaded = await in_daemon_thread(candidate.load, f"import {candidate.id}", deadline)
    return instantiate(loaded)


def instantiate(loaded: Any) -> Plugin:
    """Check what an entry point names and return an instance.

    Raises:
        Incompatible: see the text.
    """
    if not (isinstance(loaded, type) and issubclass(loaded, Plugin)):
        raise Incompatible(f"the entry point must name a subclass of a_parallel_contracts.Plugin, not {loaded!r}")
    manifest = getattr(loaded, "manifest", None)
    if not isinstance(manifest, Manifest):
        raise Incompatible(f"{loaded.__name__}.manifest must be a Manifest")
    check_api(manifest.api)
    problems = hook_problems(loaded)
    if problems:
        raise Incompatible("; ".join(problems))
    return loaded()


def check_api(wanted: str) -> None:
    """Compare a manifest's API version with ours: same major number, minor number not above ours.

    Raises:
        Incompatible: they do not fit, or `wanted` is no version.
    """
    major, _, minor = wanted.partition(".")
    ours = ".".join(map(str, API_VERSION))
    if not (major.isdecimal() and minor.isdecimal()):
        raise Incompatible(f"api must look like {ours!r}, not {wanted!r}")
    if int(major) != API_VERSION[0] or int(minor) > API_VERSION[1]:
        raise Incompatible(f"written for API {wanted}, this server has {ours}")


async def in_daemon_thread(function: Callable[[], T], name: str, deadline: float) -> T:
    """Run `function` in a thread that does not keep the process alive, and wait `deadline` seconds for it.

    The default executor would wait for a hanging import at exit.

    Raises:
        TimeoutError: it did not return in time.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    threading.Thread(target=_settle, args=(loop, future, function), name=name, daemon=True).start()
    try:
        return await asyncio.wait_for(future, deadline)
    except TimeoutError:
        raise TimeoutError(f"{name} took more than {deadline:g} s") from None


def _settle(loop: asyncio.AbstractEventLoop, future: "asyncio.Future[T]", function: Callable[[], T]) -> None:
    outcome: concurrent.futures.Future[T] = concurrent.futures.Future()
    try:
        outcome.set_result(function())
    except BaseException as error:  # noqa: BLE001 - a plugin's import may raise anything, even SystemExit
        outcome.set_exception(_as_exception(error))
    if not loop.is_closed():
        loop.call_soon_threadsafe(_deliver, outcome, future)


def _deliver(outcome: "concurrent.futures.Future[T]", future: "asyncio.Future[T]") -> None:
    if future.done():
        return
    error = outcome.exception()
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(outcome.result())


def _as_exception(error: BaseException) -> Exception:
    return error if isinstance(error, Exception) else RuntimeError(f"{type(error).__name__}: {error}")


def duplicates(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    """Return the ids that more than one package claims."""
    by_id: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_id.setdefault(candidate.id, []).append(candidate)
    return {id: claims for id, claims in by_id.items() if len(claims) > 1}
