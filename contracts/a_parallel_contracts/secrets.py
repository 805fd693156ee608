"""Secrets: texts that are encrypted before they go into the database (``http-features.md`` §5.3)."""

from typing import Protocol

from a_parallel_contracts.services import ServiceKey


class Secrets(Protocol):
    """Encrypts with the key of the data directory. Both directions take microseconds and may be used in a unit."""

    def encrypt(self, text: str) -> str:
        """Return `text` as it is stored: ``iv:tag:ciphertext`` in lower-case hex; differs with every call.

        The first call in a data directory makes the key.

        Raises:
            FailedDependency: the key file cannot be used; the text says why.
        """
        ...

    def decrypt(self, stored: str | None) -> str | None:
        """Return the text, or None for what is absent or cannot be decrypted with the key."""
        ...

    async def protect(self, table: str, column: str) -> None:
        """Remember that a column holds encrypted texts, so that a change of the key reaches it.

        Call it whenever the plugin starts. The columns of ``http-features.md`` §5.3 are known already.
        """
        ...


SECRETS = ServiceKey[Secrets]("secrets")
