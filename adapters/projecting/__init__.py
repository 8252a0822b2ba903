"""The projection engine without a database: slices of the log, and the rows a fold makes of them."""
