"""The text form of encrypted values, as files in the wild have it (``http-features.md`` §5.3)."""

import pytest

from a_parallel_plugins.secrets.cipher import decrypt, encrypt

KEY = bytes(range(32))
IV = bytes.fromhex("0a0b0c0d0e0f101112131415")
TEXT = "ghp_exampleToken"
STORED = "0a0b0c0d0e0f101112131415:096f02bd1d2a42927f4563faf9619151:08d54a970ea5b618c668bd59b1c78026"


def test_the_vector_of_the_contract() -> None:
    assert encrypt(KEY, TEXT, IV) == STORED
    assert decrypt(KEY, STORED) == TEXT


@pytest.mark.parametrize("text", ["", "a", "gho_" + "x" * 5000, "schlüssel 鍵 🔑"])
def test_every_text_comes_back_and_never_looks_the_same_twice(text: str) -> None:
    one, other = encrypt(KEY, text), encrypt(KEY, text)
    assert one != other
    assert decrypt(KEY, one) == decrypt(KEY, other) == text
    assert [len(part) for part in one.split(":")] == [24, 32, 2 * len(text.encode())]
    assert one == one.lower()


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "ghp_exampleToken",
        STORED + ":",
        STORED.replace(":", "", 1),
        STORED[:-1],
        STORED[:-1] + "g",
        STORED[2:],
        "1" + STORED[1:],
        STORED[:25] + "1" + STORED[26:],
        STORED[:-1] + "7",
        STORED + "\n",
    ],
)
def test_what_is_not_ours_counts_as_absent(stored: str) -> None:
    assert decrypt(KEY, stored) is None


def test_another_key_reads_nothing() -> None:
    assert decrypt(bytes(32), STORED) is None
