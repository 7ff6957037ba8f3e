import pytest

from fusion.content.cid import Cid
from fusion.content.manifest import Manifest, Requirement
from fusion.errors import BundleError

FOLDER = "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"
FILE = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"

HEAD = """\
name = "microprice_signal"
version = "1.0.0"
entry = "signal"
summary = "Leans with the book"
license = "Apache-2.0"
"""
PORTS = """\
[inputs]
bid = "Best bid"
[outputs]
value = "The signal"
"""
GOOD = HEAD + PORTS


def refusal(text: str | bytes) -> str:
    with pytest.raises(BundleError) as refused:
        Manifest.parse(text if isinstance(text, bytes) else text.encode())
    told = str(refused.value)
    assert told.startswith("module.toml")
    assert "\n" not in told
    assert len(told) < 400
    return told


def test_reads_all_of_it() -> None:
    requires = f'[requires]\nobi = {{version = "2.1.0-rc.1+b"}}\nema = {{version = "1.0.0", cid = "{FOLDER}"}}\n'
    manifest = Manifest.parse((HEAD + 'native = ["torch"]\n' + PORTS + requires).encode())

    assert manifest.name == "microprice_signal"
    assert manifest.entry == "signal"
    assert manifest.inputs == {"bid": "Best bid"}
    assert manifest.outputs == {"value": "The signal"}
    assert manifest.native == ("torch",)
    assert manifest.requires == (
        Requirement(name="ema", version="1.0.0", cid=Cid.parse(FOLDER)),
        Requirement(name="obi", version="2.1.0-rc.1+b"),
    )


def test_inputs_may_be_none() -> None:
    assert Manifest.parse(GOOD.replace('bid = "Best bid"\n', "").encode()).inputs == {}


@pytest.mark.parametrize("key", ["name", "version", "entry", "summary", "license"])
def test_a_missing_key_is_named(key: str) -> None:
    text = "".join(line for line in GOOD.splitlines(keepends=True) if not line.startswith(key))

    assert refusal(text) == f"module.toml: {key} is missing; add it"


@pytest.mark.parametrize("key", ["inputs", "outputs"])
def test_a_missing_table_is_named(key: str) -> None:
    assert (
        refusal(GOOD.replace(f"[{key}]", f"[{key}_]"))
        == f"module.toml: unknown key '{key}_'; remove it or correct its name"
    )


def test_an_unknown_key_is_named_before_the_one_it_misspells() -> None:
    assert "unknown key 'licence'" in refusal(GOOD.replace("license", "licence"))
    assert "unknown key 'requires.ema.digest'" in refusal(
        GOOD + '[requires]\nb = {version = "1.0.0"}\nema = {version = "1.0.0", digest = "x"}'
    )


@pytest.mark.parametrize(
    "version", ["1.0", "1", "v1.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0 ", "", "\u0661.\u0660.\u0660", "9" * 99]
)
def test_a_version_is_semantic(version: str) -> None:
    assert "is not a semantic version; write it like 1.0.0" in refusal(GOOD.replace('"1.0.0"', f'"{version}"'))


@pytest.mark.parametrize("entry", ["1x", "a-b", "a.b", "", "class", "None", "día", "x" * 65, "a b", "__import__('os')"])
def test_an_entry_is_an_identifier(entry: str) -> None:
    assert "is not a Python identifier" in refusal(GOOD.replace('"signal"', f'"{entry}"'))


@pytest.mark.parametrize("name", ["Ema", "_ema", "1ema", "", "import", "e-ma", "../ema", "x" * 65, "еma"])  # noqa: RUF001
def test_a_name_can_be_imported(name: str) -> None:
    assert "is not a module's name" in refusal(GOOD.replace('"microprice_signal"', f'"{name}"'))


@pytest.mark.parametrize("summary", ["", " ", "two\\nlines", "\\u001b[2Jescape", "\\u202eback", "x" * 301])
def test_texts_are_one_printable_line(summary: str) -> None:
    assert "summary: " in refusal(GOOD.replace("Leans with the book", summary))
    assert "outputs.value: " in refusal(GOOD.replace("The signal", summary))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"microprice_signal"', "1", "name: 1 should be text in quotes"),
        ('"1.0.0"', "1.0", "version: 1.0 should be text in quotes"),
        ('"1.0.0"', "2024-01-01", "version: datetime.date(2024, 1, 1) should be text in quotes"),
        ('"Best bid"', "3", "inputs.bid: 3 should be text in quotes"),
        ('[inputs]\nbid = "Best bid"', "", "inputs is missing; add it"),
        ('value = "The signal"', "", "outputs is empty; name at least one port"),
        ("bid =", '"best bid" =', "inputs.best bid: 'best bid' is not a Python identifier"),
        (HEAD, HEAD + 'native = "torch"\n', "native: 'torch' should be a list"),
        (HEAD, HEAD + "native = [1]\n", "native.0: 1 should be text in quotes"),
        (HEAD, HEAD + 'native = ["../x"]\n', "native.0: '../x' is not a package's name"),
        (HEAD, HEAD + "requires = 3\n", "requires: 3 should be a table"),
        (HEAD, HEAD + 'requires = ["ema"]\n', "requires: ['ema'] should be a table"),
        (HEAD, HEAD + 'requires = {ema = "1.0.0"}\n', "requires: ema: '1.0.0' should be like {version"),
        (HEAD, HEAD + "requires = {ema = {}}\n", "requires.ema.version is missing; add it"),
        (HEAD, HEAD + 'requires = {ema = {version = "1"}}\n', "requires.ema.version: '1' is not a semantic version"),
        (HEAD, HEAD + 'requires = {E = {version = "1.0.0"}}\n', "requires.E.name: 'E' is not a module's name"),
        (HEAD, HEAD + 'requires = {e = {version = "1.0.0", name = "x"}}\n', "requires: e: unknown key 'name'"),
        (HEAD, HEAD + 'requires = {e = {version = "1.0.0", cid = 3}}\n', "requires.e.cid: 3 is not a CID"),
        (HEAD, HEAD + 'requires = {e = {version = "1.0.0", cid = "x"}}\n', "requires.e.cid: 'x' is not a CID"),
        (HEAD, HEAD + f'requires = {{e = {{version = "1.0.0", cid = "{FILE}"}}}}\n', "names a file"),
    ],
)
def test_wrong_values_are_shown(old: str, new: str, told: str) -> None:
    assert told in refusal(GOOD.replace(old, new))


@pytest.mark.parametrize(
    "text",
    [
        "name",
        "name = 'a'\nname = 'b'",
        "[[[[",
        "a = " + "[" * 5000,
        "a = " + "9" * 5000,
        b"\xff\xfe",
        b"\xef\xbb\xbf" + GOOD.encode(),
        b"name = 'nul\0'",
        b"a" * 70_000,
    ],
)
def test_what_is_no_toml_is_refused(text: str | bytes) -> None:
    refusal(text)
