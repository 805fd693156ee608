-- What the agents plugin remembers about a thread beside its row.
CREATE TABLE agents_threads (
    thread_id TEXT PRIMARY KEY REFERENCES threads(id) ON DELETE CASCADE,
    provider TEXT,
    waiting TEXT
);

-- The provider's own running total of each session, to which a thread's cost has already been brought.
CREATE TABLE agents_sessions (
    thread_id TEXT NOT NULL REFERENCES threads(id) ON DELETE CASCADE,
    session_id TEXT NOT NULL,
    cost REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (thread_id, session_id)
);

-- Tool calls by the provider's id, so that one that is told again is known.
CREATE TABLE agents_tool_uses (
    thread_id TEXT NOT NULL REFERENCES threads(id) ON DELETE CASCADE,
    tool_use_id TEXT NOT NULL,
    tool_call_id TEXT NOT NULL,
    PRIMARY KEY (thread_id, tool_use_id)
);

-- User messages that no agent has seen yet, in the order in which they were sent.
CREATE TABLE agents_outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    prompt_id TEXT NOT NULL UNIQUE,
    thread_id TEXT NOT NULL REFERENCES threads(id) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    text TEXT NOT NULL,
    images TEXT
);

CREATE INDEX agents_outbox_thread ON agents_outbox (thread_id);

CREATE TABLE agents_thinking (
    message_id TEXT PRIMARY KEY REFERENCES messages(id) ON DELETE CASCADE,
    thread_id TEXT NOT NULL,
    text TEXT NOT NULL
);

CREATE INDEX agents_thinking_thread ON agents_thinking (thread_id);

-- Tool calls that a person has allowed for good. An argument narrows the rule to calls with that argument.
CREATE TABLE agents_permission_rules (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
    tool TEXT NOT NULL,
    argument TEXT,
    created_at TEXT NOT NULL
);
