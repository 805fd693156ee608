-- Settings of plugins that a person changed while the server ran; each value is JSON.
CREATE TABLE kernel_settings (
    plugin TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    PRIMARY KEY (plugin, key)
);
