"""Profiles: what a user told about themselves, for those who act on their behalf."""

from typing import Protocol

from a_parallel_contracts.git import Identity
from a_parallel_contracts.services import ServiceKey


class Profiles(Protocol):
    """The profiles of all users; ``__local__`` is the one of local mode."""

    async def identity_of(self, user_id: str) -> Identity | None:
        """Return who a user commits as, or None unless both name and e-mail address are set.

        For commits ask `a_parallel_contracts.git.GitHooks.git_identity`: in local mode git's own settings
        count (``http-core.md`` §2.6).
        """
        ...

    async def github_token_of(self, user_id: str) -> str | None:
        """Return the user's GitHub token, or None if there is none or it cannot be decrypted.

        It consists of visible ASCII characters, so that it fits into a header or a line. It may be on no
        command line, in no log and in no file.
        """
        ...

    async def store_github_token(self, user_id: str, token: str) -> None:
        """Keep a user's GitHub token, encrypted.

        Raises:
            BadRequest: it holds other than visible ASCII characters.
        """
        ...

    async def forget_github_token(self, user_id: str, token: str | None = None) -> None:
        """Remove a user's GitHub token; with `token` only if it is still that one."""
        ...


PROFILES = ServiceKey[Profiles]("profiles")
