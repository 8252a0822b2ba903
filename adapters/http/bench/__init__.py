"""What stands beside the server in a bench."""
