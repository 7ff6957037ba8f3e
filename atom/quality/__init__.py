"""Quality: what a record of a day is worth, in numbers and as a picture."""

from atom.quality.day import Day, assess, days
from atom.quality.minutes import Minutes
from atom.quality.page import page

__all__ = ["Day", "Minutes", "assess", "days", "page"]
