"""The whole network under a virtual clock: every seed is another history of faults, and the same seed the same history."""
