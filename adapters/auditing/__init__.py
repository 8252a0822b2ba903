"""Whether a live log is what it says: everything recomputed from stored bytes."""
