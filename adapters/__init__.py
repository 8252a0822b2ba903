"""The outside world: PostgreSQL, HTTP, the command line, files of others."""
