"""How fast the log decides and the read models follow, beside others in the same run on the same machine."""
