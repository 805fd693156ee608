"""Writes down the public surface of the contracts: ``python -m tests.architecture.surface``."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import a_parallel_contracts
from a_parallel_contracts import API_VERSION

SNAPSHOT = Path(__file__).parent / f"api-{API_VERSION[0]}.{API_VERSION[1]}.txt"


def surface() -> str:
    """Return every public name of every public module, with signatures and fields, one a line."""
    return "\n".join(line for module in sorted(_modules()) for line in _describe(module)) + "\n"


def _modules() -> Iterator[str]:
    yield a_parallel_contracts.__name__
    for module in pkgutil.iter_modules(a_parallel_contracts.__path__):
        if not module.name.startswith("_"):
            yield f"{a_parallel_contracts.__name__}.{module.name}"


def _describe(name: str) -> Iterator[str]:
    module = importlib.import_module(name)
    if module is a_parallel_contracts:
        yield f"{name}: {', '.join(sorted(module.__all__))}"
        return
    for member, value in sorted(vars(module).items()):
        if member.startswith("_") or inspect.ismodule(value) or getattr(value, "__module__", name) != name:
            continue
        yield from _member(f"{name}.{member}", value)


def _member(path: str, value: Any) -> Iterator[str]:
    if inspect.isclass(value):
        yield f"class {path}({', '.join(base.__name__ for base in value.__bases__)})"
        for name, annotation in sorted(_annotations(value).items()):
            yield f"  {path}.{name}: {annotation}"
        for name, member in sorted(vars(value).items()):
            if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
                yield f"  {path}.{name}{_signature(member)}"
    elif inspect.isfunction(value):
        yield f"{path}{_signature(value)}"
    else:
        yield f"{path} = {type(value).__name__}"


def _annotations(value: type) -> dict[str, str]:
    own = inspect.get_annotations(value)
    return {name: inspect.formatannotation(kind) for name, kind in own.items() if not name.startswith("_")}


def _signature(member: Any) -> str:
    return " (property)" if isinstance(member, property) else str(inspect.signature(member))


if __name__ == "__main__":
    SNAPSHOT.write_text(surface(), "utf-8")
