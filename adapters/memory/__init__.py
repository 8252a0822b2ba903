"""The same stores over memory: the real rules, nothing kept."""
