"""Agents: simulated participants that trade through ordinary commands on accounts of their own."""
