"""HTTP under /v1: commands, reads, problems, descriptions."""
