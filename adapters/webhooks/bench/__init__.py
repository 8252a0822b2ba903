"""What stands beside webhooks in a bench."""
