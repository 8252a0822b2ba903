"""What the network does with its decisions: one way in, policies, deadlines, and the ports they need."""
