"""A network's log as one file for auditors, and the program that checks it, which is handed out inside."""
