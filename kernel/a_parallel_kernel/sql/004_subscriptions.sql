-- Events that somebody subscribed to durably, until everybody has handled them.
CREATE TABLE kernel_outbox (
    seq INTEGER PRIMARY KEY NOT NULL,
    event TEXT NOT NULL,
    kinds TEXT NOT NULL,
    body BLOB NOT NULL
);

-- How far each durable subscription has come.
CREATE TABLE kernel_subscriptions (
    plugin TEXT NOT NULL,
    name TEXT NOT NULL,
    event TEXT NOT NULL,
    cursor INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (plugin, name)
);

-- Events that a subscription could not handle.
CREATE TABLE kernel_set_aside (
    plugin TEXT NOT NULL,
    name TEXT NOT NULL,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    body BLOB NOT NULL,
    error TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (plugin, name, seq)
);
