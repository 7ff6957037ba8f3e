"""Examples: strategies to start from."""
