"""From plain data to the model: what a step does, and the steps that it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from ciranda.workflow.bodies import body_of
from ciranda.workflow.model import Block, Declared

__all__ = ["BlockReader", "read_body"]

Path = tuple[str | int, ...]

_HANDLERS: Final = {"finally": "", "on-failure": "error", "on-cancel": "error", "compensate": ""}


class BlockReader(Protocol):
    """Reads the steps within a step."""

    def block(self, written: Mapping[str, Any], at: Path, **more: Any) -> Block:
        """Return the block of a mapping of steps."""
        ...

    def single(self, written: dict[str, Any], at: Path) -> Block:
        """Return the block of a body that stands by itself."""
        ...

    def seconds(self, key: str, text: str, path: Path) -> float:
        """Return a length of time; one that is wrong becomes a fault."""
        ...


def read_body(step: dict[str, Any], at: Path, reader: BlockReader) -> dict[str, Any]:
    """Return the fields of a step that say what it does."""
    body = body_of(step)
    found: dict[str, Any] = {"body": body}
    outputs = step.get("outputs", {})
    if "uses" in step:
        found["uses"] = step["uses"]
    if body == "action":
        found["declares"] = {name: _declared(each) for name, each in outputs.items()}
    elif body == "switch":
        found["cases"] = tuple(case.get("if") for case in step["switch"])
    elif body == "try":
        found["catches"] = tuple(_kinds(each.get("on", ())) for each in step.get("catch", ()))
    elif body == "workflow":
        found["options"] = {"secrets": step["secrets"]} if "secrets" in step else {}
    elif body not in ("group", None):
        found["options"] = _options(body, step[body], (*at, body), reader)
    return {**found, "blocks": dict(_blocks(step, at, reader))}


def _blocks(step: dict[str, Any], at: Path, reader: BlockReader) -> Iterator[tuple[str, Block]]:
    """Yield the blocks of a step with their names."""
    outputs = step.get("outputs", {})
    for name in ("steps", "try"):
        if name in step:
            yield name, reader.block(step[name], (*at, name), outputs=outputs)
    for number, case in enumerate(step.get("switch", ())):
        yield f"case{number}", _case(case, (*at, "switch", number), reader)
    for number, each in enumerate(step.get("catch", ())):
        path = (*at, "catch", number, "steps")
        yield f"catch{number}", reader.block(each["steps"], path, binds=each.get("as", "error"))
    for name, binds in _HANDLERS.items():
        if name in step:
            yield name, reader.block(step[name], (*at, name), binds=binds)


def _options(body: str, written: Any, at: Path, reader: BlockReader) -> dict[str, Any]:
    """Return what one of the engine's own bodies is told."""
    if body == "sleep":
        if "${{" not in written:
            reader.seconds("sleep", written, at)
        return {"duration": written}
    options = dict(written)
    if "timeout" in options:
        reader.seconds("timeout", options["timeout"], (*at, "timeout"))
    if isinstance(options.get("who"), str):
        options["who"] = [options["who"]]
    if "form" in options:
        options["form"] = {name: _schema(each) for name, each in options["form"].items()}
    return options


def _case(case: dict[str, Any], at: Path, reader: BlockReader) -> Block:
    if "steps" in case:
        outputs = case.get("outputs", {})
        return reader.block(case["steps"], (*at, "steps"), outputs=outputs)
    return reader.single({key: each for key, each in case.items() if key != "if"}, at)


def _declared(written: str | dict[str, Any]) -> Declared:
    if isinstance(written, dict) and "file" in written:
        return Declared(file=written["file"])
    return Declared(schema=_schema(written))


def _schema(written: str | dict[str, Any]) -> dict[str, Any]:
    return {"type": written} if isinstance(written, str) else written


def _kinds(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
