"""Multi-party agreements, version by version: what is in force gates what the network may do."""

# Whoever knows an event knows its older versions, whatever was imported first.
from domain.agreements import earlier as earlier
