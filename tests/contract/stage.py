"""What the recorder did in the working folder between the exchanges, derived from their answers."""

import shutil
from functools import partial

from tests.contract.replay import Stage
from tests.contract.workspace import Workspace
from tests.support.repository import make_repository

BIG_FILE_BYTES = 150_000
"""146 KB, as the recorded answer says of ``big.log``."""


def make_stage(workspace: Workspace) -> Stage:
    """Return the actions of all scenarios."""
    second = workspace.second
    return {
        ("s02_projects", "proj_branches_detached"): partial(second.git, "checkout", "--quiet", "--detach"),
        ("s02_projects", "proj_delete_404"): partial(second.git, "checkout", "--quiet", "master"),
        ("s04_threads_basic", "thr_create_bigref"): partial(workspace.demo.write, "big.log", "x" * BIG_FILE_BYTES),
        ("s04_threads_basic", "thr_create_edit"): (workspace.demo.path / "big.log").unlink,
        ("s04_threads_basic", "proj_create_gone"): partial(make_repository, workspace.gone),
        ("s04_threads_basic", "thr_create_gone"): partial(shutil.rmtree, workspace.gone),
    }
