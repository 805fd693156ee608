"""Makes a small git repository to try things on."""

from pathlib import Path

import pygit2

NAME = "sample-shop"
_AUTHOR = ("Sample Author", "author@example.com")
_BEGIN = 1_760_000_000

_README = """# Sample shop

A few lines of Python for trying out coding agents.

    python -m unittest
"""

_CART = '''"""A shopping cart."""

from shop.prices import price_of


class Cart:
    """Counts articles and what they cost."""

    def __init__(self) -> None:
        self._articles: dict[str, int] = {}

    def add(self, article: str, count: int = 1) -> None:
        """Put `count` of an article into the cart."""
        self._articles[article] = self._articles.get(article, 0) + count

    def total(self) -> int:
        """Return what everything costs, in cents."""
        return sum(price_of(article) * count for article, count in self._articles.items())
'''

_PRICES = '''"""What articles cost."""

PRICES = {"apple": 40, "bread": 290, "coffee": 650}
"""In cents."""


def price_of(article: str) -> int:
    """Return the price of an article in cents."""
    return PRICES[article]
'''

_TESTS = '''"""Tests of the cart."""

import unittest

from shop.cart import Cart


class CartTest(unittest.TestCase):
    """A cart adds up."""

    def test_total(self) -> None:
        """Two apples and a coffee."""
        cart = Cart()
        cart.add("apple", 2)
        cart.add("coffee")
        self.assertEqual(cart.total(), 730)


if __name__ == "__main__":
    unittest.main()
'''

COMMITS: tuple[tuple[str, dict[str, str]], ...] = (
    ("Begin with a description", {"README.md": _README, ".gitignore": "__pycache__/\n"}),
    ("Add prices and a cart", {"shop/__init__.py": "", "shop/prices.py": _PRICES, "shop/cart.py": _CART}),
    ("Test the cart", {"tests/__init__.py": "", "tests/test_cart.py": _TESTS}),
)
"""Messages and files of the commits, oldest first."""


def make_sample(directory: Path) -> Path:
    """Make the repository in `directory`, which must not exist, and return its path."""
    directory.mkdir(parents=True)
    repository = pygit2.init_repository(str(directory), initial_head="main")
    for index, (message, contents) in enumerate(COMMITS):
        for name, content in contents.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
        _commit(repository, message, _BEGIN + index * 3600)
    return directory


def _commit(repository: pygit2.Repository, message: str, moment: int) -> None:
    repository.index.add_all()
    repository.index.write()
    author = pygit2.Signature(*_AUTHOR, moment, 0)
    parents = [] if repository.head_is_unborn else [repository.head.target]
    repository.create_commit("HEAD", author, author, f"{message}\n", repository.index.write_tree(), parents)
