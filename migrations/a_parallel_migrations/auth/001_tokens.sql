-- Access tokens: hashed, since whoever reads the file must not be able to use them.
CREATE TABLE auth_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT,
    last_used_at TEXT
);

CREATE INDEX auth_tokens_user ON auth_tokens (user_id);

-- Whose rows of local mode have been given to the first administrator.
CREATE TABLE auth_adoptions (
    name TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL,
    adopted_at TEXT NOT NULL
);
