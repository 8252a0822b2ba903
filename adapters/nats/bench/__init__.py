"""What stands beside the relay in a bench."""
