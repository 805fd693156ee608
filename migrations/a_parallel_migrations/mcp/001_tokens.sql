-- What the ten tables of the contract have no column for: who signed in, and how the token endpoint is spoken to.
CREATE TABLE mcp_token_details (
    token_id TEXT PRIMARY KEY REFERENCES mcp_oauth_tokens (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    resource TEXT NOT NULL,
    auth_method TEXT NOT NULL
);

-- Entries of the CLI's configuration that are taken out and put back with another header: a server that is killed
-- in between puts them back when it starts again.
CREATE TABLE mcp_rewrites (
    id TEXT PRIMARY KEY,
    directory TEXT NOT NULL,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    created_at TEXT NOT NULL
);
