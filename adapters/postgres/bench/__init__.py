"""What a bench does to a database: room of its own, logs made in bulk, and the stock library on the same server."""
