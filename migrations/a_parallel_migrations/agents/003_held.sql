-- Runs whose agent is in a holder, with what another server needs to go on: as of the rows, since both are written
-- together.
CREATE TABLE agents_held (
    thread_id TEXT NOT NULL PRIMARY KEY REFERENCES threads(id) ON DELETE CASCADE,
    hold TEXT NOT NULL,
    provider TEXT NOT NULL,
    run TEXT NOT NULL,
    state TEXT NOT NULL,
    session TEXT
);
