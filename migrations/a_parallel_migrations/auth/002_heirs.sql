-- Who got what a removed user owned: a plugin that was off then passes its rows on when it is there again.
CREATE TABLE auth_heirs (
    user_id TEXT NOT NULL PRIMARY KEY,
    heir TEXT NOT NULL
);
