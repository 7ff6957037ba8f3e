"""Whether code may be run from a folder: not if a stranger on this machine can change what lies there."""

import os
import stat
from pathlib import Path

from fusion.errors import NotReady


def check(path: Path) -> None:
    """Refuses a folder of somebody else's, or one that anybody may write to or put in its place.

    Args:
        path: of the folder, which need not be there yet.

    Raises:
        NotReady: others than this user and root can change it; the message says where.
    """
    if os.name != "posix":
        return
    path = path.resolve()
    for each in (path, *path.parents):
        try:
            found = each.stat()
        except OSError:
            continue
        kept = each != path and found.st_mode & stat.S_ISVTX  # there, each may remove but his own
        if found.st_mode & stat.S_IWOTH and not kept:
            raise NotReady(f"anybody may write to {each}, and code is run from {path}: run `chmod o-w {each}`")
        if each == path and found.st_uid not in (0, os.geteuid()):
            whose = f"{path} belongs to user {found.st_uid}"
            raise NotReady(f"{whose}, and code is run from there: set FUSION_CACHE to a folder of your own")
