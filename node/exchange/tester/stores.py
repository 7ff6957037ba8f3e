"""Stores: a strategy's methods with a look at each attribute's type behind every store, for Python.

Such a look costs 20 ns and a `__setattr__` 180 ns. But it sees only what is stored by the methods' own text as
`self.name`; so where an instance may be reached in another way, its methods are left as they are.
"""

import __future__

import ast
import linecache
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any, Final

Fit = Callable[[type, Any], Any]
"""What is kept of a value where one of this type was."""
_BACK: Final = frozenset({"locals", "vars", "eval", "exec", "super", "globals", "breakpoint"})
"""Ways to an instance that do not name it."""
_READ: Final = __future__.annotations.compiler_flag
"""Of a code's flags, what tells how its text was read."""
_Function = ast.FunctionDef
_Store = ast.Assign | ast.AugAssign | ast.AnnAssign


def looked(kind: type, base: type, known: Mapping[str, type], fit: Fit) -> dict[str, Any] | None:
    """The methods of a class down to `base` that store what is known, so that each attribute keeps its type; None where
    their text does not tell all that happens to an instance.
    """
    found: dict[str, Any] = {}
    for of in reversed(kind.__mro__[: kind.__mro__.index(base)]):
        for name, value in vars(of).items():
            if isinstance(value, FunctionType):
                found[name] = value
            elif not isinstance(value, staticmethod | classmethod) and hasattr(value, "__get__"):
                return None  # such as a property, which is called without a call
    methods: dict[str, Any] = {}
    for name, value in found.items():
        text = _text(value)
        if text is None or not _plain(text, set(found)):
            return None
        stored = {one for each in ast.walk(text) if isinstance(each, _Store) for one in _stored(each, text)}
        if name != "__init__" and stored & set(known):
            methods[name] = _made(value, text, known, fit)
    return methods


def _text(function: FunctionType) -> _Function | None:
    """What a method was compiled from; None where that is not certain, or it names variables around it."""
    code = function.__code__
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
        whole = _compiled(tree, code)
    except (SyntaxError, ValueError):
        return None
    if code.co_freevars or code not in _codes(whole):
        return None
    for each in ast.walk(tree):
        if isinstance(each, _Function) and (each.name, each.lineno) == (code.co_name, code.co_firstlineno):
            return None if each.decorator_list or not each.args.args else each
    return None


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A code and all that are in it."""
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)


def _plain(text: _Function, methods: set[str]) -> bool:
    """Whether an instance is used for nothing but its attributes, its methods are only called, and every store of one
    can be looked at.
    """
    me, called = text.args.args[0].arg, set[int]()
    for each in ast.walk(text):
        if isinstance(each, ast.Call):
            called.add(id(each.func))
        named = each.id if isinstance(each, ast.Name) else each.attr if isinstance(each, ast.Attribute) else ""
        if isinstance(each, ast.ClassDef) or named in _BACK or named.startswith("__"):
            return False
    mine = [each for each in ast.walk(text) if isinstance(each, ast.Attribute) and _is(each.value, me)]
    for each in mine:
        if each.attr in methods and id(each) not in called:
            return False
    looked_at = {id(target) for each in ast.walk(text) if isinstance(each, _Store) for target in _targets(each)}
    stores = {id(each) for each in mine if not isinstance(each.ctx, ast.Load)}
    seen = sum(isinstance(each, ast.Name) and each.id == me for each in ast.walk(text))
    hidden = sum(isinstance(each, ast.arg) and each.arg == me for each in ast.walk(text)) > 1
    return seen == len(mine) and stores <= looked_at and not hidden


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _targets(store: _Store) -> Iterator[ast.expr]:
    """What a statement stores to; a tuple's members where they are names and attributes alone."""
    for target in store.targets if isinstance(store, ast.Assign) else [store.target]:
        if isinstance(target, ast.Tuple) and all(isinstance(each, ast.Name | ast.Attribute) for each in target.elts):
            yield from target.elts
        else:
            yield target


def _stored(store: _Store, text: _Function) -> list[str]:
    """The instance's attributes that a statement stores to."""
    me = text.args.args[0].arg
    return [each.attr for each in _targets(store) if isinstance(each, ast.Attribute) and _is(each.value, me)]


class _Looks(ast.NodeTransformer):
    """Puts a look behind each store of an attribute that is known."""

    def __init__(self, text: _Function, known: Mapping[str, type]) -> None:
        self._text, self._known = text, known

    def visit(self, node: ast.AST) -> Any:
        """A statement, or what it became."""
        return self._behind(node) if isinstance(node, _Store) else self.generic_visit(node)

    def _behind(self, store: _Store) -> list[ast.stmt]:
        looks: list[ast.stmt] = [store]
        for name in _stored(store, self._text):
            if name in self._known:
                of, me = f".{self._known[name].__name__}", self._text.args.args[0].arg
                # no name of a user's has a dot in it
                test = ast.Compare(_call(".type", _attribute(me, name)), [ast.IsNot()], [_name(of)])
                kept = _call(".fit", _name(of), _attribute(me, name))
                put = ast.Assign([ast.Attribute(_name(me), name, ast.Store())], kept)
                looks.append(_at(ast.If(test, [put], []), store))
        return looks


def _name(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _attribute(of: str, name: str) -> ast.expr:
    return ast.Attribute(_name(of), name, ast.Load())


def _call(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(_name(name), list(arguments), [])


def _at(made: ast.stmt, where: ast.stmt) -> ast.stmt:
    """A statement, as one of the line of another."""
    for each in ast.walk(made):
        ast.copy_location(each, where)
    return made


def _made(function: FunctionType, text: _Function, known: Mapping[str, type], fit: Fit) -> FunctionType:
    """The method with looks in it: made by another one, so that what they need is in variables around it."""
    around = {".type": type, ".fit": fit, ".bool": bool, ".int": int, ".float": float}
    text = _Looks(text, known).visit(text)
    text.args, text.returns = _bare(text.args), None
    names = ast.arguments([], [ast.arg(each) for each in around], None, [], [], None, [])
    outer = ast.FunctionDef(".made", names, [text, ast.Return(_name(text.name))], [], None)
    for each in ast.walk(outer):
        if isinstance(each, ast.stmt | ast.expr | ast.arg) and not hasattr(each, "lineno"):
            ast.copy_location(each, text)
    _, code, *_ = _codes(_compiled(ast.Module([outer], []), function.__code__))
    made: FunctionType = FunctionType(code, function.__globals__)(*around.values())
    made.__defaults__, made.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    made.__qualname__, made.__module__ = function.__qualname__, function.__module__
    return made


def _compiled(tree: ast.Module, code: CodeType) -> CodeType:
    """A text, read as that of a code was."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they were told when it was loaded
        made: CodeType = compile(tree, code.co_filename, "exec", code.co_flags & _READ, dont_inherit=True)
    return made


def _bare(names: ast.arguments) -> ast.arguments:
    """Parameters without types; of their defaults only that there are some."""

    def plain(each: ast.arg) -> ast.arg:
        return ast.copy_location(ast.arg(each.arg), each)

    def some(values: list[Any]) -> list[Any]:
        return [each and ast.copy_location(ast.Constant(None), each) for each in values]

    return ast.arguments(
        [plain(each) for each in names.posonlyargs], [plain(each) for each in names.args],
        names.vararg and plain(names.vararg), [plain(each) for each in names.kwonlyargs], some(names.kw_defaults),
        names.kwarg and plain(names.kwarg), some(names.defaults),
    )  # fmt: skip
