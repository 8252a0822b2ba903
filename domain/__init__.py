"""What the network decides: events, commands and the rules between them. Standard library and msgspec only."""
