-- Branches that this server has made, each with the working tree it is checked out in (none while that is removed).
-- base_commit tells later whether a branch has had commits of its own.
CREATE TABLE worktrees_leases (
    id TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL DEFAULT 'a_parallel',
    repository TEXT NOT NULL,
    project_id TEXT NOT NULL,
    thread_id TEXT,
    branch TEXT NOT NULL,
    base_commit TEXT,
    path TEXT,
    real_path TEXT,
    created_at TEXT NOT NULL,
    UNIQUE (repository, branch)
);

CREATE INDEX worktrees_leases_project ON worktrees_leases (project_id, branch);

-- Directories of removed working trees, set aside under another name until their files are deleted.
CREATE TABLE worktrees_remains (
    path TEXT NOT NULL PRIMARY KEY,
    created_at TEXT NOT NULL
);
