"""What module authors import, and all that guest code sees of Fusion: the standard library and numpy, nothing else.

    from fusion.sdk import Floats, module

    @module(lookback=lambda span: 8 * span)
    def ema(price: Floats, *, span: int = 20) -> Floats: ...

Positional parameters are input ports, keyword-only parameters are settings, and the return annotation gives the output
ports: one port `value`, or the fields of a NamedTuple. An output is a column (`Floats`, `Ints`) or one number for the
whole run (`float`, `int`), such as a score.
"""

from fusion.sdk.interface import Interface, Scalar, Setting
from fusion.sdk.module import module, spec
from fusion.sdk.ports import Floats, Ints

__all__ = ["Floats", "Interface", "Ints", "Scalar", "Setting", "module", "spec"]
