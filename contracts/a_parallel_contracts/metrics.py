"""Figures that a plugin contributes to ``GET /metrics``."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct


class Metric(Struct, frozen=True):
    """One figure of a plugin, or one for each value of a label.

    Scraped every few seconds: a metric is read from what the plugin knows anyway. Labels have few values;
    ids of users, threads or sockets are none.

    Attributes:
        name: a word of lower-case letters, digits and ``_``; becomes ``a_parallel_<plugin>_<name>``, and a counter's
            gets ``_total``.
        help: one line about what it tells, and its unit.
        value: the figure, or figures by the values of `label`.
        kind: a ``gauge`` goes up and down, a ``counter`` up alone until the server stops.
        label: name of the label by which `value` is divided.
    """

    name: str
    help: str
    value: float | Mapping[str, float]
    kind: Literal["gauge", "counter"] = "gauge"
    label: str = ""
