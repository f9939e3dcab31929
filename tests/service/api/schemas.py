"""JSON schemas at work: instances of them by chance, and whether an answer is one. As much of the dialect as we use."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]
NOTES = {"title", "description", "default", "discriminator"}
KNOWN = NOTES | {
    "$ref", "anyOf", "type", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "format", "properties",
    "required", "additionalProperties", "items", "prefixItems", "minItems", "maxItems",
}  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


class Schemas:
    """The schemas of a document."""

    def __init__(self, components: dict[str, Schema]) -> None:
        self._components = components

    def resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._components[schema["$ref"].removeprefix("#/components/schemas/")]
        assert set(schema) <= KNOWN, f"what this does not know: {set(schema) - KNOWN}"
        return schema

    def instances(self, schema: Schema) -> st.SearchStrategy[Any]:
        """Values that the schema allows."""
        schema = self.resolved(schema)
        if "anyOf" in schema:
            return st.one_of([self.instances(each) for each in schema["anyOf"]])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        kind = schema["type"]
        if kind == "object":
            return self._objects(schema)
        if kind == "string":
            return _strings(schema)
        if kind == "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum"))
        return {"boolean": st.booleans(), "null": st.none()}[kind]

    def near(self, schema: Schema) -> st.SearchStrategy[Any]:
        """Values that it nearly allows: one of another type, one too many, one too few, one beyond."""
        schema = self.resolved(schema)
        if schema.get("type") != "object":
            return ANYTHING

        @st.composite
        def broken(draw: st.DrawFn) -> Any:
            made = draw(self._objects(schema))
            names = [*schema.get("properties", {}), draw(st.text(max_size=5))]
            name = draw(st.sampled_from(names))
            if draw(st.booleans()):
                made.pop(name, None)
            else:
                made[name] = draw(ANYTHING)
            return made

        return broken() | ANYTHING

    def check(self, value: Any, schema: Schema, at: str = "$") -> None:
        """Errors: AssertionError that says where."""
        schema = self.resolved(schema)
        if "anyOf" in schema:
            faults = [fault for each in schema["anyOf"] if (fault := self._fault(value, each, at))]
            assert len(faults) < len(schema["anyOf"]), f"{at}: {faults}"
            return
        if "enum" in schema:
            assert value in schema["enum"], f"{at}: {value!r}"
        if "type" not in schema:
            return
        kind: type = {"object": dict, "array": list, "string": str, "integer": int, "number": float, "boolean": bool,
                      "null": type(None)}[schema["type"]]  # fmt: skip
        exact = type(value) is kind or (kind is float and type(value) is int)
        assert exact, f"{at}: {value!r} is no {schema['type']}"
        {dict: self._check_object, list: self._check_array, str: self._check_string, int: self._check_number}.get(
            kind, lambda *_: None
        )(value, schema, at)

    def _fault(self, value: Any, schema: Schema, at: str) -> str:
        try:
            self.check(value, schema, at)
        except AssertionError as fault:
            return str(fault)
        return ""

    def _check_object(self, value: dict[str, Any], schema: Schema, at: str) -> None:
        own, others = schema.get("properties", {}), schema.get("additionalProperties", "properties" not in schema)
        assert set(schema.get("required", ())) <= set(value), f"{at}: lacks {set(schema['required']) - set(value)}"
        for name, each in value.items():
            if name in own or isinstance(others, dict):
                self.check(each, own.get(name, others), f"{at}.{name}")
            else:
                assert others, f"{at}: {name} is not documented"

    def _check_array(self, value: list[Any], schema: Schema, at: str) -> None:
        for place, each in enumerate(value):
            self.check(each, schema.get("items", {}), f"{at}[{place}]")

    def _check_string(self, value: str, schema: Schema, at: str) -> None:
        assert schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)), at
        assert re.search(schema.get("pattern", ""), value), f"{at}: {value!r}"
        if schema.get("format") == "decimal":
            try:
                assert Decimal(value).is_finite(), f"{at}: {value!r}"
            except InvalidOperation:
                raise AssertionError(f"{at}: {value!r} is no number") from None

    def _check_number(self, value: int, schema: Schema, at: str) -> None:
        assert schema.get("minimum", value) <= value <= schema.get("maximum", value), f"{at}: {value}"

    def _objects(self, schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
        own = {name: self.instances(each) for name, each in schema.get("properties", {}).items()}
        required = set(schema.get("required", ()))
        return st.fixed_dictionaries(
            {name: made for name, made in own.items() if name in required},
            optional={name: made for name, made in own.items() if name not in required},
        )


def _strings(schema: Schema) -> st.SearchStrategy[str]:
    longest = schema.get("maxLength", 60)
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True).filter(lambda text: len(text) <= longest)
    letters = st.characters(codec="utf-8")
    return st.text(letters, min_size=schema.get("minLength", 0), max_size=longest)
