"""``a-parallel backup``, ``restore``, ``export`` and ``import``."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from a_parallel_kernel.archives import ArchiveRefused, backup, restore
from a_parallel_kernel.cli import Parser, add_config_options, read_config
from a_parallel_kernel.lock import DirectoryInUse, holding
from a_parallel_kernel.migrate import DatabaseRefused
from a_parallel_kernel.portable import export, import_
from a_parallel_kernel.private import make_private_directory
from a_parallel_kernel.replacing import DATABASE
from a_parallel_kernel.store import baseline

Work = Callable[[Path, argparse.Namespace], None]


def _command(name: str, summary: str, work: Work, *, secrets: bool = False) -> Callable[[list[str]], int]:
    def run(words: list[str]) -> int:
        parser = Parser(f"a-parallel {name}", summary)
        add_config_options(parser)
        parser.add_argument("file", type=Path, metavar="FILE")
        if secrets:
            parser.add_argument("--without-secrets", action="store_true", help="the database alone")
        arguments = parser.parse_args(words)
        arguments.file = arguments.file.absolute()
        try:
            work(read_config(arguments).server.data_directory, arguments)
        except (ArchiveRefused, DatabaseRefused, DirectoryInUse) as error:
            print(f"a-parallel: {error}", file=sys.stderr)
            return 1
        return 0

    return run


def _backup(directory: Path, arguments: argparse.Namespace) -> None:
    names = backup(directory, arguments.file, secrets=not arguments.without_secrets)
    print(f"wrote {arguments.file}: {', '.join(names)}")
    if names != [DATABASE]:
        print("Keep it as safe as the server: it holds the keys and tokens in clear.", file=sys.stderr)
    else:
        print("It holds no keys: what is encrypted in the database cannot be read from it alone.", file=sys.stderr)


def _restore(directory: Path, arguments: argparse.Namespace) -> None:
    make_private_directory(directory)
    with holding(directory):
        names, kept = restore(directory, arguments.file, baseline())
    print(f"restored {', '.join(names)} in {directory}")
    _tell_kept(kept)


def _export(directory: Path, arguments: argparse.Namespace) -> None:
    print(f"wrote {arguments.file}: {export(directory, arguments.file)} rows")
    print("Tokens in it are encrypted; encryption.key is not part of it.", file=sys.stderr)


def _import(directory: Path, arguments: argparse.Namespace) -> None:
    make_private_directory(directory)
    with holding(directory):
        rows, kept = import_(directory, arguments.file, baseline())
    print(f"imported {rows} rows to {directory / DATABASE}")
    _tell_kept(kept)


def _tell_kept(kept: Path | None) -> None:
    if kept is not None:
        print(f"what was there before is kept in {kept}; delete it when you are sure")


COMMANDS = {
    "backup": _command(
        "backup", "write the data directory to one file, also while a server runs", _backup, secrets=True
    ),
    "restore": _command("restore", "put a backup or a snapshot in the place of the data directory's files", _restore),
    "export": _command("export", "write every table as lines of JSON, also while a server runs", _export),
    "import": _command("import", "put an export in the place of the database", _import),
}
"""By name."""
