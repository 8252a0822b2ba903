"""What every output of a constructed network says."""

CONSTRUCTED = (
    "CONSTRUCTED EXAMPLE: the organisations are real; clients, offerings and sums are invented, the clock is simulated."
)
