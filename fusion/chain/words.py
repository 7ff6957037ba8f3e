"""Members of the contracts' enums as people read them; the bindings write them as Python writes constants."""

from enum import IntEnum


def word(member: IntEnum) -> str:
    """As the contracts and the glossary write it: MODULE_ERROR is ModuleError."""
    return member.name.title().replace("_", "")


def words(member: IntEnum) -> str:
    """In a sentence: NO_QUORUM is `no quorum`."""
    return member.name.lower().replace("_", " ")
