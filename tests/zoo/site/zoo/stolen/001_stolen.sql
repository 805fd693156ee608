CREATE TABLE somebody_elses (id TEXT PRIMARY KEY);
