"""``a-parallel rotate-key``."""

import argparse

from a_parallel_contracts import Command, PluginContext
from a_parallel_plugins.secrets.rotation import rotate


def rotate_key_command(ctx: PluginContext) -> Command:
    """Return the command."""

    async def run(arguments: argparse.Namespace) -> int:
        rotated = await rotate(ctx)
        print(f"{ctx.server.data_directory / 'encryption.key'} holds a new key")
        print(f"{rotated.renewed} secrets were encrypted with it")
        if rotated.unreadable:
            print(f"{rotated.unreadable} could not be decrypted with the old key either; they stay as they were")
        return 0

    return Command("rotate-key", "make a new encryption key and encrypt every secret with it", run, database=True)
