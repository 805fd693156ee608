"""Backups: one file with the database and whatever else lies in the data directory."""

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from a_parallel_contracts.ids import now
from a_parallel_kernel import ledger
from a_parallel_kernel.connections import connect
from a_parallel_kernel.migrate import Baseline, refusing
from a_parallel_kernel.replacing import DATABASE, replace, staging
from a_parallel_kernel.snapshots import copy_database, sync
from a_parallel_kernel.version import VERSION

FORMAT = "a-parallel-backup"
MANIFEST = "manifest.json"
LARGEST = 1024 * 1024
"""Bytes of a file beside the database that is taken along: keys, tokens and settings are small."""

_LEFT_OUT = ("data.db", "server.lock", ".")
"""Beginnings of names that a backup does not hold."""


class ArchiveRefused(Exception):
    """A file cannot be written, or is not what it should be; the text says why and what to do."""


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Give a private temporary file that becomes `target` in the end, or vanishes.

    Raises:
        ArchiveRefused: `target` exists, or its directory cannot be written.
    """
    partial = target.with_name(target.name + ".partial")
    if target.exists():
        raise ArchiveRefused(f"{target} exists already; choose another name")
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise ArchiveRefused(f"{partial} exists: another backup is being written, or one was cut off") from None
    except OSError as error:
        raise ArchiveRefused(f"{target} cannot be written: {error.strerror}") from None
    try:
        yield partial
        sync(partial)
        os.link(partial, target)  # unlike a rename it never replaces what has come there meanwhile
        sync(target.parent)
    except FileExistsError:
        raise ArchiveRefused(f"{target} exists already; choose another name") from None
    except OSError as error:
        raise ArchiveRefused(f"{target} cannot be written: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)


def backup(directory: Path, target: Path, *, secrets: bool = True) -> list[str]:
    """Write the data directory to `target`, also while a server uses it; returns the names of what it holds.

    Parameters:
        directory: the data directory.
        target: must not exist; its mode will be 0600.
        secrets: take keys, tokens and settings along; without them stored tokens have to be entered again.

    Raises:
        ArchiveRefused: there is no database, or the file cannot be written.
        DatabaseRefused: the database cannot be read, or the disk is full.
    """
    database = directory / DATABASE
    if not database.is_file():
        raise ArchiveRefused(f"{directory} holds no database")
    copy = target.with_name(target.name + ".database")
    with written_whole(target) as partial:
        try:
            with refusing(database):
                copy_database(database, copy)
            return _pack(partial, {DATABASE: copy, **(_beside(directory) if secrets else {})})
        finally:
            copy.unlink(missing_ok=True)


def _beside(directory: Path) -> dict[str, Path]:
    files = sorted(file for file in directory.iterdir() if not file.name.startswith(_LEFT_OUT) and file.is_file())
    return {file.name: file for file in files if file.stat().st_size <= LARGEST}


def _pack(partial: Path, files: dict[str, Path]) -> list[str]:
    with closing(connect(files[DATABASE])) as connection:
        baseline = ledger.baseline_version(connection)
    digests = {name: _digest(path) for name, path in files.items()}
    manifest = {"format": FORMAT, "version": 1, "made_by": VERSION, "made_at": now(), "baseline": baseline}
    text = json.dumps({**manifest, "sha256": digests}, indent=2).encode()
    with tarfile.open(partial, "w:gz", compresslevel=3) as archive:
        head = tarfile.TarInfo(MANIFEST)
        head.size, head.mode = len(text), 0o600
        archive.addfile(head, io.BytesIO(text))
        for name, path in files.items():
            archive.add(path, name, recursive=False, filter=_private)
    return list(files)


def _private(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mode, member.uid, member.gid, member.uname, member.gname = 0o600, 0, 0, "", ""
    return member


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def restore(directory: Path, source: Path, baseline: Baseline) -> tuple[list[str], Path | None]:
    """Put the contents of a backup in the place of what the data directory holds; the caller holds the directory.

    Parameters:
        directory: the data directory.
        source: a backup, or a database alone, such as a snapshot.
        baseline: refuses what is newer than this version.

    Returns:
        The names of the files, and where those are kept that they replaced, if there were any.

    Raises:
        ArchiveRefused: the file is no backup, or was damaged; nothing was changed.
        DatabaseRefused: its database is damaged or newer than this version; nothing was changed.
    """
    with staging(directory) as staged:
        names = _unpack(source, staged)
        return names, replace(directory, staged, baseline)


def _unpack(source: Path, staged: Path) -> list[str]:
    try:
        if _is_database(source):
            shutil.copyfile(source, staged / DATABASE)
            return [DATABASE]
        with tarfile.open(source, "r:*") as archive:
            digests = _manifest(archive, source)["sha256"]
            for name, digest in digests.items():
                _extract(archive, name, staged / name)
                if _digest(staged / name) != digest:
                    raise ArchiveRefused(f"{source} is damaged: {name} is not what was put in")
    except (tarfile.TarError, EOFError, OSError, KeyError, ValueError) as error:
        raise ArchiveRefused(f"{source} cannot be read as a backup: {error}") from None
    return list(digests)


def _is_database(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def _manifest(archive: tarfile.TarFile, source: Path) -> dict[str, Any]:
    file = archive.extractfile(MANIFEST)
    manifest = json.loads(file.read(LARGEST)) if file else {}
    if manifest.get("format") != FORMAT or manifest.get("version") != 1:
        raise ArchiveRefused(f"{source} is no backup that this version can read")
    bad = [name for name in manifest["sha256"] if "/" in name or name.startswith(".") or name == MANIFEST]
    if bad or DATABASE not in manifest["sha256"]:
        raise ArchiveRefused(f"{source} holds other files than a backup does")
    return dict(manifest)


def _extract(archive: tarfile.TarFile, name: str, target: Path) -> None:
    """Write one member, by name and never by a path or link inside of the archive."""
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(f"{name} is no file")
    with target.open("xb") as out:
        while chunk := file.read(LARGEST):
            out.write(chunk)
