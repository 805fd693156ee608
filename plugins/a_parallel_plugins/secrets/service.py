"""The `Secrets` service."""

import threading

from a_parallel_contracts import FailedDependency, PluginContext
from a_parallel_plugins.secrets import cipher
from a_parallel_plugins.secrets.keyfile import KeyFile, UnusableKey

_PROTECT = "INSERT OR IGNORE INTO secrets_columns (table_name, column_name) VALUES (?, ?)"


class SecretService:
    """Fulfils the contract `Secrets`; may be called from any thread."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._file = KeyFile(ctx.server.data_directory)
        self._lock = threading.Lock()
        self._key: bytes | None = None
        self._complaint = ""

    def encrypt(self, text: str) -> str:
        """Return `text` as it is stored.

        Raises:
            FailedDependency: the key file cannot be used.
        """
        try:
            with self._lock:
                self._key = self._key or self._file.load() or self._file.make()
                key = self._key
        except UnusableKey as error:
            self._complain(str(error))
            raise FailedDependency(f"Secrets cannot be stored: {error}") from error
        return cipher.encrypt(key, text)

    def decrypt(self, stored: str | None) -> str | None:
        """Return the text, or None."""
        key = self._existing_key() if stored else None
        return cipher.decrypt(key, stored) if key and stored else None

    async def protect(self, table: str, column: str) -> None:
        """Remember that a column holds encrypted texts."""
        await self._ctx.db.write(lambda tx: tx.execute(_PROTECT, (table, column)))

    def _existing_key(self) -> bytes | None:
        try:
            with self._lock:
                self._key = self._key or self._file.load()
                return self._key
        except UnusableKey as error:
            self._complain(str(error))
            return None

    def _complain(self, text: str) -> None:
        """Log what is wrong with the key file, once for each thing."""
        if text != self._complaint:
            self._complaint = text
            self._ctx.log.error("%s", text)
