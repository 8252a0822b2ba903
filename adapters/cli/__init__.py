"""The command line `tasma`."""
