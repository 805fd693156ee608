"""``make faults``: breaks a running server in every way there is, and counts what was lost."""
