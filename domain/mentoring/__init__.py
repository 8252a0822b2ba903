"""Mentors and the clients they guide."""
