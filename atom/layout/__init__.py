"""Layouts: messages of one form read by the thousand, without an object for each."""

from atom.layout.layouts import Found, Layouts
from atom.layout.learn import Hot, Layout, Role

__all__ = ["Found", "Hot", "Layout", "Layouts", "Role"]
