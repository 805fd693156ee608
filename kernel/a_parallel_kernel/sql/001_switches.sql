-- Plugins that a person switched on or off while the server ran.
CREATE TABLE kernel_switches (
    plugin TEXT PRIMARY KEY NOT NULL,
    enabled INTEGER NOT NULL,
    changed_at TEXT NOT NULL
);
