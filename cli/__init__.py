"""The `fusion` command: thin verbs that call the rooms."""
