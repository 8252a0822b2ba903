"""The catalogue: offerings, each kept by its owner."""
