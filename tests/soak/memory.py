"""How much memory processes take, shared pages counted in parts."""

from collections.abc import Iterable

import psutil


def proportional(processes: Iterable[psutil.Process]) -> int:
    """Bytes of proportional set size (PSS) of all of them together; one that ends meanwhile counts nothing."""
    total = 0
    for each in processes:
        try:
            total += each.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total
