"""Multi-party agreements, version by version: what is in force gates what the network may do."""
