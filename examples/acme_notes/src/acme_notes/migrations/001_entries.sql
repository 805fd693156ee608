CREATE TABLE notes_entries (
    thread_id TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX notes_entries_by_thread ON notes_entries (thread_id);
