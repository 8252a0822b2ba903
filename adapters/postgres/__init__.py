"""PostgreSQL: the log, what is kept beside it, and the read models."""
