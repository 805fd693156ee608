"""Queries, bodies and answers of ``/api/browse`` (``http-core.md`` §8.2)."""

from pydantic import Field

from a_parallel_contracts import BadRequest, WireModel


class PathQuery(WireModel):
    """Query of the GET routes."""

    path: str = ""

    @property
    def given(self) -> str:
        """The path.

        Raises:
            BadRequest: there is none.
        """
        if not self.path:
            raise BadRequest("path query parameter is required")
        return self.path


class FilesQuery(PathQuery):
    """Query of ``files``."""

    query: str = ""


class PathBody(WireModel):
    """Body of the POST routes."""

    path: str = Field(min_length=1)


class EditorBody(PathBody):
    """Body of ``open-in-editor``."""

    editor: str = Field(min_length=1)


class Roots(WireModel):
    """Answer of ``roots``: places to begin at, beside `home`."""

    roots: list[str]
    home: str


class Directory(WireModel):
    """A directory in a listing."""

    name: str
    path: str


class Listing(WireModel):
    """Answer of ``list``. An unreadable directory has an `error` and no `dirs`."""

    path: str
    parent: str | None
    dirs: list[Directory]
    error: str | None = Field(default=None, exclude_if=lambda value: value is None)


class RepositoryName(WireModel):
    """Answer of ``repo-name``."""

    name: str


class FoundFiles(WireModel):
    """Answer of ``files``; `truncated` tells that more matched."""

    files: list[str]
    truncated: bool
    error: str | None = Field(default=None, exclude_if=lambda value: value is None)
