import pytest

from captures.errors import InvalidIndex
from captures.fields import Fields


def test_values_of_their_type_are_returned() -> None:
    fields = Fields({"n": 0, "yes": True, "text": "t", "list": [{"n": 1}, {"n": 2}]})
    assert fields.integer("n") == 0
    assert fields.boolean("yes") is True
    assert fields.identifier("text") == fields.text("text") == "t"
    assert fields.choice("text", ("s", "t")) == "t"
    assert [item.integer("n") for item in fields.each("list")] == [1, 2]


def test_errors_name_the_place() -> None:
    fields = Fields({"list": [{}, {"inner": [{"n": 0}]}]})
    [inner] = list(fields.each("list"))[1].each("inner")
    with pytest.raises(InvalidIndex) as caught:
        inner.integer("n", least=1)
    assert caught.value.field == "list[1].inner[0].n"
    assert str(inner.error("n", "why")) == "index list[1].inner[0].n: why"


def test_a_list_of_something_else_is_refused() -> None:
    with pytest.raises(InvalidIndex, match=r"list\[0\]: must be an object"):
        list(Fields({"list": [3]}).each("list"))
