"""Periods of the network's books, closed in order, and the statements that follow from each closing."""

# Whoever knows an event knows its older versions, whatever was imported first.
from domain.settlement import earlier as earlier
