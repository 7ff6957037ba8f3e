"""Gathering: lines of a venue in, events of each symbol out; the same for live traffic and for captures."""
