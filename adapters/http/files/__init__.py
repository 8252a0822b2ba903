"""What comes over HTTP as a file of somebody else's form."""
