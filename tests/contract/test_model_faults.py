"""What pydantic finds wrong, in words."""

from __future__ import annotations

from pydantic import BaseModel, ValidationError, model_validator

from contract.model_faults import model_faults


class Inner(BaseModel):
    number: int


class Outer(BaseModel):
    inner: list[Inner]

    @model_validator(mode="after")
    def _not_empty(self) -> Outer:
        if not self.inner:
            raise ValueError("nothing in it")
        return self


def faults(document: object, *above: str) -> list[str]:
    try:
        Outer.model_validate(document)
    except ValidationError as error:
        return model_faults(error.errors(), *above)
    return []


def test_fault_has_place_and_message() -> None:
    document = {"inner": [{"number": 1}, {"number": "x"}]}
    told = "has to be a valid integer, unable to parse string as an integer"
    assert faults(document) == [f"inner.1.number: {told}"]
    assert faults(document, "outer") == [f"outer.inner.1.number: {told}"]


def test_fault_of_the_whole_is_its_message_alone() -> None:
    assert faults({"inner": []}) == ["nothing in it"]
    assert faults({"inner": []}, "outer") == ["outer: nothing in it"]


def test_fault_names_no_class() -> None:
    assert faults({"inner": [5]}) == ["inner.0: has to be keys with values"]
    assert faults({"inner": 5}) == ["inner: has to be a list"]


def test_every_fault_is_told() -> None:
    assert len(faults({"inner": [{}, {}]})) == 2
