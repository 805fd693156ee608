-- Columns that hold encrypted texts, whether or not their owner is on: a change of the key must reach all of them.
CREATE TABLE secrets_columns (
    table_name TEXT NOT NULL,
    column_name TEXT NOT NULL,
    PRIMARY KEY (table_name, column_name)
);

INSERT INTO secrets_columns (table_name, column_name) VALUES
    ('user_profiles', 'github_token'),
    ('mcp_oauth_tokens', 'access_token'),
    ('mcp_oauth_tokens', 'refresh_token'),
    ('mcp_oauth_tokens', 'client_secret');

-- Which key the columns were last encrypted with, so that a change that was cut off can be completed or taken back.
CREATE TABLE secrets_key (
    fingerprint TEXT NOT NULL
);
