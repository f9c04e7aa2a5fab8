"""Expressions of configuration files: Python's own operators on values that are given, and nothing else of Python."""

import ast
import fnmatch
import operator
import re

_LONGEST = 100_000
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, many: one in many,
    ast.NotIn: lambda one, many: one not in many,
}
_METHODS = {"startswith", "endswith", "lower", "upper", "strip", "lstrip", "rstrip", "split", "get", "isdigit", "decode"}


def _re_match(pattern, text, flags=0):
    return bool(re.match(pattern, text, flags=flags))


FUNCTIONS = {
    "re_match": _re_match,
    "re_imatch": lambda pattern, text, flags=0: _re_match(pattern, text, flags | re.IGNORECASE),
    "fnmatch_fnmatch": fnmatch.fnmatch,
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "len": len,
}


class BadExpression(ValueError):
    """The expression says something that is not allowed, or names what is not there."""


def evaluate(expression, variables=None, functions=None):
    """The value of an expression. `variables`, `functions`: what it may name, by name. Raises BadExpression."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError) as error:
        raise BadExpression(f"{expression}: {error}") from error
    return _Reader({**(variables or {})}, {**FUNCTIONS, **(functions or {})}).value(tree.body)


# By this name plugins know it; nothing here uses Python's own.
eval = evaluate


class _Reader:
    def __init__(self, variables, functions):
        self.variables = variables
        self.functions = functions

    def value(self, node):
        read = getattr(self, f"_{type(node).__name__}", None)
        if read is None:
            raise BadExpression(f"{type(node).__name__} is not allowed")
        return read(node)

    def _Constant(self, node):
        return node.value

    def _Name(self, node):
        if node.id in self.variables:
            return self.variables[node.id]
        raise BadExpression(f"{node.id} is not known")

    def _List(self, node):
        return [self.value(one) for one in node.elts]

    def _Tuple(self, node):
        return tuple(self._List(node))

    def _Set(self, node):
        return set(self._List(node))

    def _Dict(self, node):
        if None in node.keys:
            raise BadExpression("** is not allowed")
        return {self.value(key): self.value(value) for key, value in zip(node.keys, node.values)}

    def _IfExp(self, node):
        return self.value(node.body if self.value(node.test) else node.orelse)

    def _BoolOp(self, node):
        stops_at = isinstance(node.op, ast.Or)
        for one in node.values:
            result = self.value(one)
            if bool(result) == stops_at:
                break
        return result

    def _UnaryOp(self, node):
        return self._operator(node.op)(self.value(node.operand))

    def _BinOp(self, node):
        left, right = self.value(node.left), self.value(node.right)
        # What a few characters could make larger than the memory.
        if isinstance(node.op, ast.Mult):
            for many, times in ((left, right), (right, left)):
                if hasattr(many, "__len__") and isinstance(times, int) and len(many) * times > _LONGEST:
                    raise BadExpression("the result would be too long")
        if isinstance(node.op, ast.Mod) and isinstance(left, (str, bytes)):
            raise BadExpression("% on texts is not allowed")
        result = self._operator(node.op)(left, right)
        if isinstance(result, int) and result.bit_length() > _LONGEST:
            raise BadExpression("the result would be too long")
        return result

    def _Compare(self, node):
        left = self.value(node.left)
        for one, right_node in zip(node.ops, node.comparators):
            right = self.value(right_node)
            if not self._operator(one)(left, right):
                return False
            left = right
        return True

    def _Subscript(self, node):
        return self.value(node.value)[self.value(node.slice)]

    def _Slice(self, node):
        return slice(*(one and self.value(one) for one in (node.lower, node.upper, node.step)))

    def _Call(self, node):
        if any(isinstance(one, ast.Starred) for one in node.args) or any(one.arg is None for one in node.keywords):
            raise BadExpression("* and ** are not allowed")
        words = [self.value(one) for one in node.args]
        named = {one.arg: self.value(one.value) for one in node.keywords}
        if isinstance(node.func, ast.Name) and node.func.id in self.functions:
            return self.functions[node.func.id](*words, **named)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
            owner = self.value(node.func.value)
            if isinstance(owner, (str, bytes, dict)):
                return getattr(owner, node.func.attr)(*words, **named)
        raise BadExpression("only known functions can be called")

    def _operator(self, node):
        known = _OPERATORS.get(type(node))
        if known is None:
            raise BadExpression(f"{type(node).__name__} is not allowed")
        return known
