"""Whether an event reads back equal, told from the types of its values: quicker than reading it back.

JSON keeps text, whole numbers, finite floats and truth values as they are. So an event whose every value is
exactly of its field's type comes back as it was. An event that this cannot be said of may still be good: it
has to be read back.
"""

import functools
import math
from collections.abc import Callable

from msgspec import Struct, inspect

_LEAVES = (
    (inspect.StrType(), "type({0}) is str"),
    (inspect.IntType(), "type({0}) is int"),
    (inspect.BoolType(), "type({0}) is bool"),
    (inspect.FloatType(), "type({0}) is float and isfinite({0})"),
    (inspect.NoneType(), "{0} is None"),
)


def is_exact(event: Struct) -> bool:
    """True only if the event, where it can be encoded, decodes to one that is equal to it."""
    return _test_of(type(event))(event)


@functools.cache
def _test_of(cls: type[Struct]) -> Callable[[Struct], bool]:
    """One expression over the fields of the class and of all structs in it: a call for each costs more."""
    names: dict[str, object] = {"isfinite": math.isfinite}
    source = f"lambda event: {_claim('event', inspect.type_info(cls), names, ())}"
    test: Callable[[Struct], bool] = eval(source, names)  # noqa: S307 - it is made here, of names of fields
    return test


def _claim(value: str, kind: inspect.Type, names: dict[str, object], around: tuple[type, ...]) -> str:  # noqa: PLR0911  # one for each kind
    """The expression that is true when `value` is exactly of this kind; "False" for kinds it cannot tell of.

    The classes that it mentions are put into `names`. `around` are those that the value lies in: a class
    that holds itself has no expression.
    """
    for leaf, claim in _LEAVES:
        if kind == leaf:
            return claim.format(value)
    match kind:
        case inspect.LiteralType(values=values) if all(isinstance(one, str) for one in values):
            return f"type({value}) is str and {value} in {values!r}"
        case inspect.VarTupleType(item_type=item, min_length=None, max_length=None):
            each = value.replace(".", "_") + "_item"
            claim = _claim(each, item, names, around)
            return f"type({value}) is tuple and not [0 for {each} in {value} if not ({claim})]"
        case inspect.DictType(key_type=key, value_type=item, min_length=None, max_length=None):
            one, other = f"{value.replace('.', '_')}_key", f"{value.replace('.', '_')}_value"
            inner = [_claim(one, key, names, around), _claim(other, item, names, around)]
            test = " and ".join(f"({claim})" for claim in inner)
            return f"type({value}) is dict and not [0 for {one}, {other} in {value}.items() if not ({test})]"
        case inspect.UnionType(types=kinds):
            return "(" + " or ".join(f"({_claim(value, one, names, around)})" for one in kinds) + ")"
        case inspect.StructType(cls=cls, fields=fields) if cls not in around and _is_its_fields(cls):
            name = f"{cls.__name__}{len(names)}"
            names[name] = cls
            claims = [_claim(f"{value}.{one.name}", one.type, names, (*around, cls)) for one in fields]
            return " and ".join([f"type({value}) is {name}", *claims])
    return "False"


def _is_its_fields(cls: type[Struct]) -> bool:
    """True for a struct that is made of its fields alone and equals another when those do."""
    by_fields = cls.__struct_config__.eq and cls.__eq__ is Struct.__eq__
    return by_fields and not hasattr(cls, "__post_init__")
