"""Webhooks: the feed, sent to where a subscriber wants it, signed by Standard Webhooks."""
