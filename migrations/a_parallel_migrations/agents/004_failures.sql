-- Why a thread's last run failed.
ALTER TABLE agents_threads ADD COLUMN failure TEXT;
