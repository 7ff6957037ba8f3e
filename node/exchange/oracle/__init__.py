"""The plain engine: the same rules as the compiled core, written to be read, and what the core is tested against.

It keeps orders in dictionaries and money in Python's own integers, and knows nothing of the core's memory. The words it
shares with the core are the forms of commands, rules and rows.
"""
