"""Worked examples: networks to try Täsmä with."""
