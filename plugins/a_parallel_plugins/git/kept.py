"""Reads the hidden refs that keep uncommitted states."""

from datetime import datetime

from a_parallel_contracts import iso
from a_parallel_contracts.git import REMOVED, Snapshot

SNAPSHOT_FORMAT = "--format=%(refname)%09%(objectname)%09%(committerdate:iso-strict)%09%(contents:subject)"


def kept_snapshots(output: bytes) -> list[Snapshot]:
    """Read ``git for-each-ref`` with `SNAPSHOT_FORMAT`."""
    return [_snapshot(line) for line in output.decode("utf-8", "replace").splitlines() if line]


def _snapshot(line: str) -> Snapshot:
    ref, commit, moment, subject = line.split("\t", 3)
    id = ref.rpartition("/")[2]
    return Snapshot(
        id=id,
        commit=commit,
        cause=id.partition("-")[2] or REMOVED,
        message=subject,
        created_at=iso(datetime.fromisoformat(moment)),
    )
