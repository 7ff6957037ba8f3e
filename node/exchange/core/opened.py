"""Opened: an open table as numba knows it. Its address alone goes from kernel to kernel; an array is looked up in it
where a kernel names it.
"""

from typing import Any, Final

from llvmlite import ir  # type: ignore[import-untyped]  # it has no types
from numba import types
from numba.core.datamodel.models import PrimitiveModel
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, register_model
from numba.np.arrayobj import make_array, populate_array

DIMENSIONS: Final = 3
WORDS: Final = 1 + 2 * DIMENSIONS
"""An array's in a table: where it lies, its shape, its strides in bytes."""
_WORD: Final = ir.IntType(64)

# numba hands in its own objects, which have no types of their own.


class Opened(types.Type):
    """The type of an open table; `kind` is that of the named tuple of arrays which it holds."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        super().__init__(f"opened {kind}")


@register_model(Opened)
class _OpenedModel(PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _WORD)  # type: ignore[no-untyped-call]  # numba's


@infer_getattr
class _OpenedAttribute(AttributeTemplate):
    key = Opened

    def generic_resolve(self, opened: Any, name: Any) -> Any:  # type: ignore[override]  # numba's says "not there"
        return opened.kind[opened.kind.fields.index(name)] if name in opened.kind.fields else None


def _look_up(context: Any, builder: Any, opened: Any, address: Any, name: str) -> Any:
    at = opened.kind.fields.index(name)
    kind = opened.kind[at]
    table = builder.inttoptr(address, _WORD.as_pointer())

    def word(place: int) -> Any:
        found = builder.load(builder.gep(table, [ir.Constant(_WORD, at * WORDS + place)]))
        found.set_metadata("invariant.load", builder.module.add_metadata([]))  # nothing in a kernel writes to a table
        return found

    shape = [word(1 + dimension) for dimension in range(kind.ndim)]
    strides = [word(1 + DIMENSIONS + dimension) for dimension in range(kind.ndim - 1)]
    size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    array = make_array(kind)(context, builder)  # type: ignore[no-untyped-call]  # numba's
    data = builder.inttoptr(word(0), array.data.type)
    populate_array(array, data, shape, [*strides, size], size, None)  # type: ignore[no-untyped-call]  # numba's
    return array._getvalue()


lower_getattr_generic(Opened)(_look_up)  # type: ignore[no-untyped-call]  # numba's
