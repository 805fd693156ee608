"""Reads from a plugin's source what it declares, without importing it: it may be broken, or off."""

import ast
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

_HOPS = 3
"""Modules through which the name of a class is followed at most."""


def declared_api(module: str, name: str) -> str | None:
    """Return the API version in the manifest of a plugin's class, or None if it cannot be told from the source.

    Parameters:
        module, name: what the entry point names.
    """
    for _ in range(_HOPS):
        tree = _source(module)
        if tree is None:
            return None
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                return _api(node)
        origin = _origin(tree, module, name)
        if origin is None:
            return None
        module, name = origin
    return None


def _source(module: str) -> ast.Module | None:
    try:
        spec = _find(module)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            return None
        return ast.parse(Path(spec.origin).read_bytes())
    except (ImportError, OSError, SyntaxError, ValueError):
        return None


def _find(module: str) -> ModuleSpec | None:
    """Find a module as the import system would, but without importing the packages around it."""
    path: Sequence[str] | None = None
    spec: ModuleSpec | None = None
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        full = ".".join(parts[:length])
        found = (finder.find_spec(full, path, None) for finder in sys.meta_path if hasattr(finder, "find_spec"))
        spec = next((one for one in found if one is not None), None)
        if spec is None:
            return None
        path = spec.submodule_search_locations
    return spec


def _origin(tree: ast.Module, module: str, name: str) -> tuple[str, str] | None:
    """Return where a module has a name from."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _absolute(module, node), alias.name
    return None


def _absolute(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    spec = _find(module)
    package = module if spec is not None and spec.submodule_search_locations else module.rpartition(".")[0]
    base = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _api(plugin: ast.ClassDef) -> str | None:
    for node in ast.walk(plugin):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            for keyword in node.keywords if called == "Manifest" else ():
                if keyword.arg == "api" and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value)
    return None
