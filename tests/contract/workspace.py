"""The working folder that the recordings presuppose, derived from their requests and answers."""

from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import Repository, make_repository

DEMO_FILES = {
    "README.md": "# demo\n\nA demo project.\n",
    "docs/notes.txt": "one\ntwo\nthree\n",
    "src/app.js": "export function add(a, b) {\n  return a + b;\n}\n",
}
"""Their blobs are those of the recorded diffs (``s08_git``: ae58494, 4cb29ea, 7d65831)."""

INDEX_HTML = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="UTF-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1.0" />
    <title>a-parallel</title>
    <script type="module" crossorigin src="/assets/index-0a1B2c3D.js"></script>
    <link rel="stylesheet" crossorigin href="/assets/index-4e5F6g7H.css">
  </head>
  <body class="min-h-screen bg-background text-foreground antialiased">
    <div id="root"></div>
  </body>
</html>
"""
ASSET_JS = "/assets/index-0a1B2c3D.js"
ASSET_CSS = "/assets/index-4e5F6g7H.css"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with everything that the recorded requests name below ``<work>``.

    Attributes:
        root: what ``<work>`` stands for.
        demo, second, empty, spaced: repositories.
        client_build: a built client for the server to serve.
    """

    root: Path
    demo: Repository
    second: Repository
    empty: Repository
    spaced: Repository
    client_build: Path

    @property
    def gone(self) -> Path:
        """A repository that a scenario removes after it was registered."""
        return self.root / "gone"


def make_workspace(root: Path, client_build: Path, first_bytes_of_script: str) -> Workspace:
    """Make the working folder.

    Parameters:
        root: directory to fill; made.
        client_build: directory for the built client; made.
        first_bytes_of_script: how the recorded script begins, so that the range request can be compared.
    """
    root.mkdir(parents=True)
    (root / "notgit").mkdir()
    (root / "afile.txt").write_text("no directory\n")
    make_client_build(client_build, first_bytes_of_script)
    return Workspace(
        root=root,
        demo=make_repository(
            root / "demo", DEMO_FILES, remote=root / "demo-remote.git", branches=("develop", "feature/one")
        ),
        second=make_repository(root / "second", {"README.md": "# second\n"}, branch="master"),
        empty=make_repository(root / "empty", {}),
        spaced=make_repository(root / "sp ace é"),
        client_build=client_build,
    )


def make_client_build(directory: Path, first_bytes_of_script: str) -> None:
    """Write a built client: a page, a script and a style sheet."""
    (directory / "assets").mkdir(parents=True)
    (directory / "index.html").write_text(INDEX_HTML)
    (directory / ASSET_JS[1:]).write_text(first_bytes_of_script + "\nconsole.log('built client');\n" * 10)
    (directory / ASSET_CSS[1:]).write_text("body { margin: 0 }\n")
