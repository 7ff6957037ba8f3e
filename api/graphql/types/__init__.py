"""What the API shows: the rows of the index and how they hang together, a file for each contract."""
