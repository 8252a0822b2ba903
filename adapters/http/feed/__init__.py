"""The feed: what is served beside questions and commands, in forms of its own."""
