"""Which threads a list shows, in which order, and the search among the archived ones."""

import re
import unicodedata

from a_parallel_contracts import Reader
from a_parallel_plugins.threads import wire

NEWEST_FIRST = "COALESCE(completed_at, created_at) DESC, rowid DESC"
DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
_INTEGER = re.compile(r"\s*([+-]?[0-9]{1,18})")


def listed(reader: Reader, owner: str | None, project_id: str | None, *, include_archived: bool) -> list[int]:
    """Return row numbers of threads, pinned first, then newest first (``http-core.md`` §6.4).

    Parameters:
        owner: whose threads; None for everybody's.
        project_id: of one project; None for all.
    """
    conditions = {"user_id = :owner": owner, "project_id = :project": project_id}
    where = [condition for condition, value in conditions.items() if value is not None]
    where += [] if include_archived else ["archived = 0"]
    sql = f"SELECT rowid FROM threads WHERE {' AND '.join(where) or 'TRUE'} ORDER BY pinned <> 0 DESC, {NEWEST_FIRST}"  # noqa: S608
    return [row for (row,) in reader.tuples(sql, {"owner": owner, "project": project_id})]


def archived_page(reader: Reader, owner: str | None, *, page: int, limit: int, search: str) -> bytes:
    """Return one page of archived threads as JSON (``http-core.md`` §6.5); `page` counts from 1."""
    sql = (
        "SELECT rowid, title, branch, status FROM threads WHERE archived <> 0"  # noqa: S608
        f" AND (:owner IS NULL OR user_id = :owner) ORDER BY {NEWEST_FIRST}"
    )
    wanted = folded(search.strip())
    found = [row for row, *texts in reader.tuples(sql, {"owner": owner}) if matches(wanted, texts)]
    threads = wire.threads(reader, found[(page - 1) * limit : page * limit])
    return b'{"threads":%b,"total":%d,"page":%d,"limit":%d}' % (threads, len(found), page, limit)


def matches(wanted: str, texts: list[str | None]) -> bool:
    """Tell whether one of `texts` contains `wanted`, which is folded already."""
    return not wanted or any(wanted in folded(text) for text in texts if text)


def folded(text: str) -> str:
    """Return `text` such that texts which differ in case or composition alone are equal (Unicode §3.13, D145)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def leading_integer(text: str | None, default: int) -> int:
    """Return the integer that `text` begins with, or `default` (``http-core.md`` §6.5)."""
    match = _INTEGER.match(text or "")
    return int(match.group(1)) if match else default


def clamped_page(page: str | None, limit: str | None) -> tuple[int, int]:
    """Return page and limit as numbers within their bounds, whatever was sent."""
    size = min(max(leading_integer(limit, DEFAULT_LIMIT), 1), MAX_LIMIT)
    return max(leading_integer(page, 1), 1), size
