"""A constructed year 2019 of a network in Kymenlaakso: real organisations, invented clients, offerings and sums."""
