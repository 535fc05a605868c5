"""A fingerprint of the code that computes an artifact, for the cache: mended code must not answer with old
results, and code that has no part in them must not repeat weeks of training.

Counted are the definitions (functions, classes, constants) of models/, serving/ and components/ that a
function can reach, by the names in its source and in theirs. A definition counts as its syntax tree without
what computes nothing: comments, layout, docstrings, types of arguments, texts of errors. Where it stands does
not count either: moved to another module, it is the same. The tree is written in a form of our own, as
ast.dump differs between versions of Python: a home folder may go on under another one.

What is looked up by a string, or by getattr, is not seen: name it as one more definition.
"""

import ast
import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("models", "serving", "components")
ALWAYS = "(always)"


@functools.cache
def fingerprint(*definitions: str, without: tuple[str, ...] = (), root: Path = ROOT) -> str:
    """16 hexadecimal digits of all that `definitions`, such as "models.vgg.build", reach.

    `without` names definitions, or modules, that are not followed.

    Raises:
        ValueError: there is no such definition.
    """
    found = reached(*definitions, without=without, root=root)
    lines = sorted({f"{name.rpartition('.')[2]} {form}" for name, form in found.items() if form})
    others = sorted(name for name, form in found.items() if not form)
    return hashlib.sha256("\n".join([*lines, *others]).encode()).hexdigest()[:16]


def reached(*definitions: str, without: tuple[str, ...] = (), root: Path = ROOT) -> dict[str, str]:
    """Dotted names of the definitions reached, with a hash of each; of other people's packages with "".

    Raises:
        ValueError: as fingerprint.
    """
    walk = _Walk(root, without)
    for name in (*definitions, *without):
        walk.check(name)
    for name in definitions:
        walk.follow(name)
    return walk.found


@dataclass
class _Module:
    """The top level of one file.

    Attributes:
        bindings: the statements that bind a name.
        imports: what an imported name may stand for; imports within functions are among them.
        always: statements that bind nothing, and so have another effect.
    """

    bindings: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, set[str]] = field(default_factory=dict)
    always: list[ast.stmt] = field(default_factory=list)


class _Walk:
    def __init__(self, root: Path, without: tuple[str, ...]):
        self._root, self._without = root, without
        self.found: dict[str, str] = {}

    def check(self, dotted: str) -> None:
        module, names = self._split(dotted)
        if not module or any(name not in _read(self._root, module).bindings for name in names[:1]):
            raise ValueError(f"{dotted}: no definition in {', '.join(PACKAGES)}; was it moved?")

    def follow(self, dotted: str) -> None:
        """Adds what a dotted name stands for, in our packages or others'."""
        module, names = self._split(dotted)
        if not module:
            self.found.setdefault(dotted, "")
            return
        content = _read(self._root, module)
        if content.always:
            self._add(module, ALWAYS)
        for name in names[:1] or content.bindings:
            self._define(module, name)

    def _split(self, dotted: str) -> tuple[str, list[str]]:
        """(the longest part that is a module of ours, or "", the names behind it)."""
        parts = dotted.split(".")
        for length in range(len(parts) if parts[0] in PACKAGES else 0, 0, -1):
            if _path(self._root, ".".join(parts[:length])):
                return ".".join(parts[:length]), parts[length:]
        return "", parts

    def _define(self, module: str, name: str) -> None:
        content = _read(self._root, module)
        if name in content.bindings:
            self._add(module, name)
        else:
            for target in content.imports.get(name, ()):
                self.follow(target)

    def _add(self, module: str, name: str) -> None:
        dotted = f"{module}.{name}"
        if dotted in self.found or {dotted, module} & set(self._without):
            return
        self.found[dotted], used = _definition(self._root, module, name)
        content = _read(self._root, module)
        for head, *rest in used:
            if head in content.bindings:
                self._define(module, head)
            for target in sorted(content.imports.get(head, ())):
                self.follow(".".join([target, *rest]))


@functools.cache
def _definition(root: Path, module: str, name: str) -> tuple[str, list[tuple[str, ...]]]:
    """(its hash, the names that it uses)."""
    content = _read(root, module)
    statements = content.always if name == ALWAYS else content.bindings[name]
    form = repr([_form(statement) for statement in statements])
    used = sorted({tuple(names) for statement in statements for names in _names(statement)})
    return hashlib.sha256(form.encode()).hexdigest()[:16], used


def _path(root: Path, module: str) -> Path | None:
    path = root.joinpath(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@functools.cache
def _read(root: Path, module: str) -> _Module:
    content = _Module()
    tree = ast.parse(_path(root, module).read_text(encoding="utf-8"))
    for statement in _Pruned(content.imports).visit(tree).body:
        bound = set(_bound(statement))
        for name in bound:
            content.bindings.setdefault(name, []).append(statement)
        if not bound:
            content.always.append(statement)
    return content


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """(local name, what it stands for) of an import statement."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            first = alias.name.split(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (first, first)
    else:
        for alias in node.names:
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Names that a top-level statement binds; of an `if` or `try`, those within it."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
        return
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif isinstance(child, (ast.stmt, ast.ExceptHandler, ast.Tuple, ast.List, ast.Starred)):
            yield from _bound(child)


class _Pruned(ast.NodeTransformer):
    """Takes out what computes nothing, and notes what imported names stand for."""

    def __init__(self, imports: dict[str, set[str]]):
        self._imports = imports

    def visit_Expr(self, node):  # noqa: N802 - ast's names
        """Docstrings of modules, classes, functions and attributes."""
        text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if text else self.generic_visit(node)

    def visit_Import(self, node):  # noqa: N802
        """What it binds is followed where it is used."""
        for local, dotted in _imported(node):
            self._imports.setdefault(local, set()).add(dotted)

    visit_ImportFrom = visit_Import  # noqa: N815

    def visit_arg(self, node):
        """Without its type."""
        node.annotation = None
        return node

    def visit_FunctionDef(self, node):  # noqa: N802
        """Without the type of what it returns."""
        node.returns = None
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Raise(self, node):  # noqa: N802
        """An error leaves no artifact: its kind alone."""
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return ast.Raise(exc=raised, cause=None)


def _form(node) -> object:
    """A syntax tree as nested tuples, the same under each version of Python; what is empty is left out."""
    if isinstance(node, ast.AST):
        fields = [
            (name, _form(value))
            for name, value in ast.iter_fields(node)
            if name not in ("ctx", "kind", "type_comment") and value is not None and value != []
        ]
        return type(node).__name__, *fields
    return [_form(each) for each in node] if isinstance(node, list) else repr(node)


def _names(node: ast.AST) -> Iterator[list[str]]:
    """Each name that is read, with the attributes behind it: ["images", "decode"] of images.decode(x)."""
    attributes, inner = [], node
    while isinstance(inner, ast.Attribute):
        attributes.append(inner.attr)
        inner = inner.value
    if isinstance(inner, ast.Name):
        yield [inner.id, *reversed(attributes)]
        return
    for child in ast.iter_child_nodes(inner):
        yield from _names(child)
