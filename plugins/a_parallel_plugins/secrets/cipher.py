"""The text form of encrypted values: AES-256-GCM as ``iv:tag:ciphertext`` (``http-features.md`` §5.3)."""

import os
import re

_IV = 12
_TAG = 16
_STORED = re.compile(r"([0-9a-fA-F]{24}):([0-9a-fA-F]{32}):((?:[0-9a-fA-F]{2})*)")


def encrypt(key: bytes, text: str, iv: bytes | None = None) -> str:
    """Return `text` encrypted with a key of 32 bytes.

    Parameters:
        key: of 32 bytes.
        text: any.
        iv: of 12 bytes, never used before with this key; a fresh random one by default.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # late: most servers start without a secret

    iv = os.urandom(_IV) if iv is None else iv
    sealed = AESGCM(key).encrypt(iv, text.encode("utf-8"), None)
    return f"{iv.hex()}:{sealed[-_TAG:].hex()}:{sealed[:-_TAG].hex()}"


def decrypt(key: bytes, stored: str) -> str | None:
    """Return the text, or None if it was encrypted with another key, was changed, or never was encrypted."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    parts = _STORED.fullmatch(stored)
    if parts is None:
        return None
    iv, tag, ciphertext = (bytes.fromhex(part) for part in parts.groups())
    try:
        return AESGCM(key).decrypt(iv, ciphertext + tag, None).decode("utf-8")
    except (InvalidTag, UnicodeDecodeError):
        return None
