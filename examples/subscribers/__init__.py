"""Programs of partners and auditors that live on the feed: each to be read, copied and changed."""
