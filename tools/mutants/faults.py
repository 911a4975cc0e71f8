"""Every small fault that could be put into the contracts, found in the compiler's syntax tree.

A fault replaces one span of a source by something else. It is chosen at run time, see `weave`: so what it replaces is a whole
expression or a whole statement.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from tools.mutants.syntax import Libraries, Node, Span, children, is_constant, span_of, type_of

Piece: TypeAlias = "str | Span"

COMPARED = {"<": (">=", "<="), "<=": (">", "<"), ">": ("<=", ">="), ">=": ("<", ">"), "==": ("!=",), "!=": ("==",)}
SWAPPED = {
    "+": "-", "-": "+", "*": "+", "/": "*", "%": "/", "<<": ">>", ">>": "<<",
    "&": "|", "|": "&", "^": "|", "&&": "||", "||": "&&",
}  # fmt: skip
ASSIGNED = {"+=": "-=", "-=": "+=", "|=": "&=", "&=": "|="}
IN_ASSEMBLY = {"add": "sub", "sub": "add", "shl": "shr", "shr": "shl", "lt": "gt", "gt": "lt", "and": "or", "or": "and"}
BLOCKS = ("Block", "Return", "InlineAssembly", "UncheckedBlock", "TryCatchClause")
NUMBER = re.compile(r"u?int\d+$")
VALUE = re.compile(r"(u?int\d+|bool|address|bytes\d+)$")


class Form(StrEnum):
    """How a fault is switched on: in the place of an expression, of a statement, or of a function's modifier."""

    EXPRESSION = "expression"
    STATEMENT = "statement"
    MODIFIER = "modifier"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        path: source file, from the top of the project.
        line: of its first character, counted from 1.
        span: first byte and the byte behind the last.
        kind: in words, for people.
        form: how it is switched on.
        pieces: what stands there instead: text, or spans of the source as they are.
    """

    path: str
    line: int
    span: Span
    kind: str
    form: Form
    pieces: tuple[Piece, ...]

    def before(self, source: bytes) -> str:
        """What it replaces, in one line."""
        return _flat(source[self.span[0] : self.span[1]].decode())

    def after(self, source: bytes) -> str:
        """What it puts there, in one line; empty where it leaves something out."""
        parts = [piece if isinstance(piece, str) else source[piece[0] : piece[1]].decode() for piece in self.pieces]
        return _flat("".join(parts))


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def faults_of(path: str, source: bytes, tree: Node, libraries: Libraries) -> list[Fault]:
    """All faults of one source, in its order."""
    finder = _Finder(path, source, libraries)
    for part in tree["nodes"]:
        if part["nodeType"] == "ContractDefinition":
            for member in part["nodes"]:
                if member["nodeType"] in ("FunctionDefinition", "ModifierDefinition") and member.get("body"):
                    finder.enter(member)
    return sorted(set(finder.found), key=lambda fault: (fault.span, fault.kind, fault.pieces))


class _Finder:
    """Walks one function after the other and notes what could be wrong in it."""

    def __init__(self, path: str, source: bytes, libraries: Libraries) -> None:
        self.path = path
        self.source = source
        self.libraries = libraries
        self.found: list[Fault] = []

    def enter(self, function: Node) -> None:
        for modifier in function.get("modifiers", ()):
            self._modifier(function, modifier)
        self._statement(function["body"])

    def _note(self, node: Node | Span, kind: str, form: Form, *pieces: Piece) -> None:
        span = node if isinstance(node, tuple) else span_of(node)
        if form is Form.STATEMENT and self.source[span[1] : span[1] + 1] == b";":
            span = span[0], span[1] + 1
        line = self.source.count(b"\n", 0, span[0]) + 1
        self.found.append(Fault(self.path, line, span, kind, form, pieces))

    def _text(self, node: Node) -> bytes:
        start, end = span_of(node)
        return self.source[start:end]

    # --- statements ---

    def _modifier(self, function: Node, modifier: Node) -> None:
        """A check in front of the function: `restricted` moves into the body, where it can be left out."""
        start, end = span_of(modifier)
        opens = span_of(function["body"])[0] + 1
        if modifier["modifierName"]["name"] == "restricted":
            self._note((start, opens), "dropped check", Form.MODIFIER, (end, opens))
        for argument in (modifier.get("arguments") or ()) if function["kind"] != "constructor" else ():
            self._note(argument, "dropped check", Form.EXPRESSION, "msg.sender")

    def _statement(self, node: Node) -> None:
        kind = node["nodeType"]
        if kind == "EmitStatement":
            self._note(node, "missing event", Form.STATEMENT)
            self._expressions(node["eventCall"]["arguments"])
        elif kind == "ExpressionStatement":
            self._act(node)
        elif kind == "IfStatement":
            self._branch(node)
        elif kind == "InlineAssembly":
            self._assembly(node)
        elif kind == "Return" and node.get("expression"):
            self._returned(node["expression"])
        else:
            for child in children(node):
                if kind == "ForStatement" and child["nodeType"] == "ExpressionStatement":
                    continue  # a loop that does not go on ends no test
                if child["nodeType"].endswith("Statement") or child["nodeType"] in BLOCKS:
                    self._statement(child)
                else:
                    self._expression(child)

    def _branch(self, node: Node) -> None:
        body = node["trueBody"]
        only = body["statements"][0] if body["nodeType"] == "Block" and body["statements"] else body
        if only["nodeType"] == "RevertStatement":
            self._note(node["condition"], "dropped check", Form.EXPRESSION, "false")
        self._expression(node["condition"])
        for branch in (body, node.get("falseBody")):
            if branch:
                self._statement(branch)

    def _act(self, node: Node) -> None:
        """An assignment, a count, or a call for its effect."""
        expression = node["expression"]
        kind = expression["nodeType"]
        if kind != "Assignment" or not re.search(r"storage pointer|calldata", type_of(expression["leftHandSide"])):
            self._note(node, "dropped effect", Form.STATEMENT)
        if kind == "Assignment":
            left, right = span_of(expression["leftHandSide"]), span_of(expression["rightHandSide"])
            other = ASSIGNED.get(expression["operator"])
            if other:
                self._note(node, f"{other} for {expression['operator']}", Form.STATEMENT, left, f" {other} ", right)
            self._wrong_field(node, expression["leftHandSide"], expression)
            self._index(expression["leftHandSide"])
            self._expression(expression["rightHandSide"])
        elif kind == "UnaryOperation":
            other = {"++": "--", "--": "++"}.get(expression["operator"])
            if other:
                counted = span_of(expression["subExpression"])
                self._note(node, f"{other} for {expression['operator']}", Form.STATEMENT, other, counted)
        else:
            self._expression(expression)

    def _wrong_field(self, node: Node, target: Node, assignment: Node) -> None:
        """Another field of the same struct, where the neighbouring one has the same type."""
        if target["nodeType"] != "MemberAccess" or not NUMBER.match(type_of(target)):
            return
        base = span_of(target["expression"])
        for name in ("deposited", "available", "settled", "returned", "budget"):
            if name != target["memberName"] and "ITreasury.Account" in type_of(target["expression"]):
                rest = (span_of(target)[1], span_of(assignment)[1])
                self._note(node, "wrong ledger field", Form.STATEMENT, base, f".{name}", rest)

    def _returned(self, node: Node) -> None:
        if type_of(node) == "bool" and node["nodeType"] not in ("BinaryOperation", "UnaryOperation"):
            self._note(node, "opposite answer", Form.EXPRESSION, "!(", span_of(node), ")")
        self._expression(node)

    def _assembly(self, node: Node) -> None:
        start, end = span_of(node)
        text = self.source[start:end].decode()
        for match in re.finditer(r"\b(add|sub|shl|shr|lt|gt|and|or)\(", text):
            name = match.group(1)
            at = start + match.start()
            pieces = ((start, at), IN_ASSEMBLY[name], (at + len(name), end))
            self._note(node, f"{IN_ASSEMBLY[name]} for {name}", Form.STATEMENT, *pieces)

    # --- expressions ---

    def _expressions(self, nodes: list[Node]) -> None:
        for node in nodes:
            self._expression(node)

    def _expression(self, node: Node) -> None:
        kind = node["nodeType"]
        if kind == "BinaryOperation":
            self._operation(node)
        elif kind == "UnaryOperation" and node["operator"] in ("!", "~"):
            self._note(node, f"dropped {node['operator']}", Form.EXPRESSION, span_of(node["subExpression"]))
        elif kind == "FunctionCall":
            self._called(node)
        elif kind == "Conditional":
            self._note(node["condition"], "opposite condition", Form.EXPRESSION, "!(", span_of(node["condition"]), ")")
        if kind == "FunctionCallOptions":
            return
        for child in children(node):
            self._expression(child)

    def _index(self, node: Node) -> None:
        """What stands in the brackets of something assigned to."""
        if node["nodeType"] == "IndexAccess":
            self._index(node["baseExpression"])
            self._expression(node["indexExpression"])
        elif node["nodeType"] == "MemberAccess":
            self._index(node["expression"])

    def _operation(self, node: Node) -> None:
        operator, common = node["operator"], str(node["commonType"]["typeString"])
        left, right = span_of(node["leftExpression"]), span_of(node["rightExpression"])
        if common.startswith(("int_const", "rational")):
            return
        for other in COMPARED.get(operator, ()):
            self._note(node, f"{other} for {operator}", Form.EXPRESSION, left, f" {other} ", right)
        if operator in SWAPPED:
            other = SWAPPED[operator]
            self._note(node, f"{other} for {operator}", Form.EXPRESSION, left, f" {other} ", right)
        if operator == "|" and is_constant(node["rightExpression"]) and type_of(node["leftExpression"]) == common:
            self._note(node, "dropped flag", Form.EXPRESSION, left)
        for operand in (node["leftExpression"], node["rightExpression"]):
            if common.startswith("uint") and (is_constant(operand) or operand["nodeType"] == "Literal"):
                shift = operator in ("<<", ">>") and operand is node["rightExpression"]
                kind = "uint256" if shift else common
                self._note(operand, "one off", Form.EXPRESSION, f"{kind}(", span_of(operand), " + 1)")

    def _called(self, node: Node) -> None:
        """Two arguments of one type the wrong way round, or the neighbouring function of a word's library."""
        arguments = node["arguments"]
        if node["kind"] != "functionCall" or not VALUE.match(type_of(node)):
            return
        called = node["expression"]
        if called["nodeType"] == "MemberAccess" and str(called["expression"].get("name")).endswith("Word"):
            (start, end), (_, name_ends) = span_of(node), span_of(called)
            name = called["memberName"]
            other = self.libraries.get(called["expression"]["name"], {}).get(name)
            if other is not None:
                pieces: tuple[Piece, ...] = ((start, name_ends - len(name)), other, (name_ends, end))
                self._note(node, f"{other} for {name}", Form.EXPRESSION, *pieces)
        for one, other in itertools.pairwise(arguments):
            if type_of(one) == type_of(other) and VALUE.match(type_of(one)) and self._text(one) != self._text(other):
                (start, end), (first, second) = span_of(node), (span_of(one), span_of(other))
                pieces = ((start, first[0]), second, (first[1], second[0]), first, (second[1], end))
                self._note(node, "arguments swapped", Form.EXPRESSION, *pieces)
