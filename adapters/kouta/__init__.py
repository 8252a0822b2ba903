"""The national catalogue of education (Kouta): its records become offerings, or are refused with a stated reason."""
