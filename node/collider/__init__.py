"""The collider: finds settings, and walks a search on chain from its post to its reward."""
