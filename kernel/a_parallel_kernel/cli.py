"""The command ``a-parallel``: serves by default, with subcommands beside it."""

import argparse
import asyncio
import gc
import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from a_parallel_kernel.config import Config, ConfigError, load
from a_parallel_kernel.version import VERSION

USAGE = """\
a-parallel: run many coding agents side by side, each in its own git worktree

usage: a-parallel [serve] [options]       start the server
       a-parallel restart                 replace the running server, e.g. after an upgrade
       a-parallel plugins list            what is installed, and in which state
       a-parallel plugins check [ID ...]  whether plugins would start; exits 1 if one would not
       a-parallel plugins enable|disable ID
       a-parallel plugins new NAME        write a new plugin that passes its own tests
       a-parallel doctor [--repair]       what has gone wrong on disk and in the database; exits 1 if anything has
       a-parallel migrate [--dry-run]     bring the database up to date
       a-parallel backup|restore FILE     the whole data directory in one file, and back
       a-parallel export|import FILE      every table as lines of JSON, and back
       a-parallel COMMAND --help          about one command
{commands}
options:
  -p, --port N            port to listen on (PORT, default 3001; 0 takes a free one)
  -h, --host ADDRESS      address to listen on (HOST, default 127.0.0.1)
      --auth-mode MODE    local or multi (AUTH_MODE, default local)
      --data-directory D  database and secrets (A_PARALLEL_DATA_DIRECTORY, default ~/.a-parallel)
      --config FILE       configuration (default: config.toml in the data directory)
      --set KEY=VALUE     any setting, e.g. --set plugins.web.directory=dist; may be repeated
      --disable ID        leave a plugin out; may be repeated
      --only ID           run only these plugins; may be repeated
      --version           print the version
      --help              print this

Further variables: CORS_ORIGIN (origins of browsers, separated by commas), and A_PARALLEL_<SETTING>
or A_PARALLEL_<PLUGIN>_<SETTING> for each setting. A flag wins over the environment, that over the file.
"""


class Usage(Exception):
    """The command line makes no sense; the text says what to do."""


class Parser(argparse.ArgumentParser):
    """An argument parser without ``-h`` for help, since ``-h`` is the host (``http-core.md`` §1.3)."""

    def __init__(self, name: str, summary: str = "") -> None:
        super().__init__(prog=name, description=summary, add_help=False, allow_abbrev=False)
        self.add_argument("--help", action="help", help="print this")

    def error(self, message: str) -> NoReturn:
        """Report a wrong command line."""
        raise Usage(message)


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which configuration counts."""
    parser.add_argument("--data-directory", type=Path, metavar="D", help="database and secrets")
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration file")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="any setting")
    parser.add_argument("--disable", action="append", metavar="ID", help="leave a plugin out")
    parser.add_argument("--only", action="append", metavar="ID", help="run only these plugins")


def read_config(arguments: argparse.Namespace) -> Config:
    """Return the configuration that the arguments, the environment and the file make together.

    Raises:
        Usage, ConfigError: a value does not fit.
    """
    flags: dict[str, Any] = dict(_setting(text) for text in arguments.set)
    names = {"port": "server.port", "host": "server.host", "auth_mode": "server.auth_mode"}
    names |= {"data_directory": "server.data_directory", "disable": "plugins.disabled", "only": "plugins.only"}
    for name, key in names.items():
        value = getattr(arguments, name, None)
        if value is not None:
            flags[key] = value
    return load(flags, os.environ, arguments.config)


def _setting(text: str) -> tuple[str, Any]:
    key, separator, value = text.partition("=")
    if not separator or "." not in key:
        raise Usage(f"--set {text}: write it as section.key=value")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status: 0 done, 1 failed, 2 wrong usage."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(words)
    except Usage as error:
        print(f"a-parallel: {error}\nTry: a-parallel --help", file=sys.stderr)
        return 2
    except ConfigError as error:
        print(f"a-parallel: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _dispatch(words: list[str]) -> int:
    if "--version" in words[:1]:
        print(f"a-parallel {VERSION}")
        return 0
    if "--help" in words[:1]:
        print(USAGE.format(commands=_plugin_commands()), end="")
        return 0
    word = words[0] if words and not words[0].startswith("-") else "serve"
    rest = words[1:] if words and words[0] == word else words
    if word == "serve":
        return _serve(rest)
    gc.enable()
    from a_parallel_kernel import commands, data_commands

    built_in = {**commands.BUILT_IN, **data_commands.COMMANDS}
    if word in built_in:
        return built_in[word](rest)
    return asyncio.run(commands.run_plugin_command(word, rest))


def _serve(words: list[str]) -> int:
    parser = Parser("a-parallel serve")
    add_config_options(parser)
    parser.add_argument("-p", "--port", type=int)
    parser.add_argument("-h", "--host")
    parser.add_argument("--auth-mode")
    arguments = parser.parse_args(words)
    config = read_config(arguments)
    from a_parallel_kernel.serve import serve

    return serve(config, lambda: read_config(arguments))


def _plugin_commands() -> str:
    from a_parallel_kernel import commands

    lines = [f"       a-parallel {name:<24}{summary}" for name, summary in asyncio.run(commands.plugin_commands())]
    return "\n".join([*lines, ""]) if lines else ""
