"""The topics are the hashes of the signatures, and the fields those of the signatures' types."""

import pytest

from atom.events import DTYPES
from atom.onchain.forms import FAMILIES, FORMS, Abi, Form
from fusion.chain.contract import keccak


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.venue}-{form.signature.partition('(')[0]}")
def test_a_form_is_what_its_signature_says(form: Form) -> None:
    assert keccak(text=form.signature).hex().removeprefix("0x") == form.topic
    types = [Abi[each.upper()] for each in form.signature.partition("(")[2].rstrip(")").split(",")]
    assert sorted(types) == sorted(abi for _, abi in (*form.indexed, *form.words))
    assert form.venue in FAMILIES
    made = {name for name, _ in (*form.indexed, *form.words)} - {"in0", "in1"}
    assert made <= set(DTYPES[form.kind].names or ())


def test_forms_do_not_overlap() -> None:
    assert len({form.topic for form in FORMS}) == len(FORMS)
