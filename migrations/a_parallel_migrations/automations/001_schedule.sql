-- What an owner chose beyond the older tables, and when the automation fires next. A plan counts only while
-- expression and zone are still those for which it was made.
CREATE TABLE automations_schedule (
    automation_id TEXT PRIMARY KEY REFERENCES automations(id) ON DELETE CASCADE,
    timezone TEXT,
    missed_policy TEXT,
    overlap_policy TEXT,
    jitter REAL,
    planned_expression TEXT,
    planned_zone TEXT,
    next_fire_at TEXT
);

-- Times that have been dealt with, each once: run, queued or skipped.
CREATE TABLE automations_slots (
    automation_id TEXT NOT NULL REFERENCES automations(id) ON DELETE CASCADE,
    slot TEXT NOT NULL,
    state TEXT NOT NULL,
    run_id TEXT,
    PRIMARY KEY (automation_id, slot)
);

CREATE INDEX automations_slots_queued ON automations_slots (slot) WHERE state = 'queued';
