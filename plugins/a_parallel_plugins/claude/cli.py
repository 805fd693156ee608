"""The service `ClaudeCli`: other plugins run subcommands of the CLI through it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from a_parallel_contracts.hosts import Completed, Host
from a_parallel_plugins.claude.detection import Detector


class ClaudeCliService:
    """Runs the CLI that is found as for agents.

    Parameters:
        host: where it is and runs.
        binary: configured path.
    """

    def __init__(self, host: Host, binary: str | None) -> None:
        self._host = host
        self._detector = Detector(host, binary)

    async def path(self) -> Path:
        """Return where the CLI is.

        Raises:
            FailedDependency: there is none that works.
        """
        return Path((await self._detector.find()).path)

    async def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path | str,
        timeout: float = 30.0,
        stdin: bytes | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> Completed:
        """Run the CLI to its end.

        Raises:
            FailedDependency: there is no CLI that works, the directory is gone, or the time is over.
        """
        program = str(await self.path())
        return await self._host.run([program, *arguments], cwd=cwd, env=env, stdin=stdin, timeout=timeout)
