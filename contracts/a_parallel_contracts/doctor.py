"""What ``a-parallel doctor`` and ``GET /api/kernel/doctor`` tell; plugins contribute with `Plugin.examine`."""

from typing import Literal

from a_parallel_contracts.models import WireModel


class Finding(WireModel):
    """Something that was looked at.

    Attributes:
        check: what was looked for, a word or two with hyphens: ``stale-lease``.
        subject: path, id or name of what it was found on.
        detail: what is wrong with it, and what becomes of it, for people.
        severity: ``info`` is no fault and only tells.
        repairable: a repair can deal with it.
        repaired: this one has.
    """

    check: str
    subject: str
    detail: str
    severity: Literal["info", "warning", "error"] = "warning"
    repairable: bool = False
    repaired: bool = False

    @property
    def open(self) -> bool:
        """Whether there is something left to do."""
        return self.severity != "info" and not self.repaired
