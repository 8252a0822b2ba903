"""Pathways: a client's way through the offerings of several providers, agreed, delivered and completed."""
