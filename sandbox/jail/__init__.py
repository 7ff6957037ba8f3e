"""Walls around a process that runs other people's code."""
