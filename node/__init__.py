"""The operator node: what needs two of its parts lives here."""
