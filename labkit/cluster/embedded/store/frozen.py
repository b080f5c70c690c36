"""Objects that cannot change: dicts and lists that refuse every write.

What is stored is shared by all who read it, so nobody may change it. `thaw` gives a copy that may.
"""

from __future__ import annotations

from typing import Any, NoReturn

import orjson


def _refuse(self: object, *_: object, **__: object) -> NoReturn:
    raise TypeError("this object is stored and shared: change a copy of it, thaw(object)")


class FrozenDict(dict[str, Any]):
    """A dict that refuses every write."""

    __slots__ = ()
    __setitem__ = __delitem__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse
    __ior__ = _refuse


class FrozenList(list[Any]):
    """A list that refuses every write."""

    __slots__ = ()
    __setitem__ = __delitem__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse
    __iadd__ = __imul__ = _refuse


_FIXED = frozenset({str, int, float, bool, type(None), FrozenDict, FrozenList})
_NOTHING = FrozenDict()
_put = dict.__setitem__


def freeze(value: Any) -> Any:
    """A frozen copy of an object as JSON has it; frozen parts are taken as they are.

    Every write and most reads come through here, so it calls itself only for what is no leaf.
    """
    kind = type(value)
    if kind is dict:
        if not value:
            return _NOTHING
        frozen = FrozenDict(value)
        for name, part in value.items():
            if type(part) not in _FIXED:
                _put(frozen, name, freeze(part))
        return frozen
    if kind is list:
        return FrozenList([part if type(part) in _FIXED else freeze(part) for part in value])
    return value


def thaw(value: Any) -> Any:
    """A copy that may be changed, of a frozen object or of any other."""
    return orjson.loads(orjson.dumps(value))
