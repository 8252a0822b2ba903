"""Periods of the network's books, closed in order, and the statements that follow from each closing."""
