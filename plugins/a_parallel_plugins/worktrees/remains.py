"""Directories of removed working trees: set aside at once, deleted in the background, also after a crash."""

import asyncio
import shutil
from pathlib import Path

from a_parallel_contracts import PluginContext, new_id, now

PREFIX = ".removed-"


class Remains:
    """Deletes what a removal leaves; everything in it has been kept under refs, or was ignored by git."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    async def set_aside(self, directory: Path) -> Path | None:
        """Give a directory another name, which takes the same time however large it is; None if it cannot be."""
        aside = directory.with_name(f"{PREFIX}{new_id()}")
        await self._ctx.db.write(
            lambda tx: tx.execute("INSERT INTO worktrees_remains VALUES (?, ?)", (str(aside), now()))
        )
        try:
            directory.rename(aside)
        except OSError as error:
            self._ctx.log.info("cannot set %s aside: %s", directory, error)
            await self._forget(aside)
            return None
        return aside

    async def bring_back(self, aside: Path, directory: Path) -> None:
        """Undo `set_aside`."""
        aside.rename(directory)
        await self._forget(aside)

    def delete(self, aside: Path) -> None:
        """Delete a directory that was set aside, in the background."""
        self._ctx.spawn(self._delete(aside), name=f"delete {aside.name}")

    async def go_on(self) -> None:
        """Delete what an earlier server has set aside and not deleted."""
        for row in await self._ctx.db.rows("SELECT path FROM worktrees_remains"):
            self.delete(Path(row["path"]))

    async def _delete(self, aside: Path) -> None:
        failures: list[str] = []
        await asyncio.to_thread(
            shutil.rmtree, aside, onerror=lambda _, path, error: failures.append(f"{path}: {error[1]}")
        )
        if aside.exists():
            self._ctx.log.warning("%s could not be deleted: %s", aside, "; ".join(failures[:3]))
        else:
            await self._forget(aside)

    async def _forget(self, aside: Path) -> None:
        await self._ctx.db.write(lambda tx: tx.execute("DELETE FROM worktrees_remains WHERE path = ?", (str(aside),)))
