"""The ground floor everyone stands on: the module SDK, content addressing, the chain, errors, settings and log."""
