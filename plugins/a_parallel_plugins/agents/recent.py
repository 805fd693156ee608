"""Bounded memory of what came last."""

from typing import TypeVar

T = TypeVar("T")


def keep(store: dict[str, T], key: str, value: T, limit: int) -> None:
    """Remember `value` as the newest entry of `store` and forget the oldest beyond `limit`."""
    store.pop(key, None)
    store[key] = value
    while len(store) > limit:
        del store[next(iter(store))]
