"""What is handed in over HTTP and is no command: a bank's file, a draft to be tried."""
