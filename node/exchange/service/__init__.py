"""The exchange as it runs: what is asked is kept before it is done, users and keys, and views of what came of it."""
