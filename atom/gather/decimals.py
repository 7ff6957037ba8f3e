"""Decimal text to integers, exactly and a column at a time."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from atom.instrument import Ints, common_step, power, rescale

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,18})?")
_NUMBERS = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?(?:,[0-9]{1,18}(?:\.[0-9]{1,18})?)*")
_SMALL = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")
_SAFE = 18  # digits that fit 64 bits
_FEW = 64
_DIGITS = 38
_CHUNK = 1 << 18


class UnreadableError(ValueError):
    """A text of the column is no number that fits.

    Attributes:
        index: its place in the column.
        text: what stands there.
    """

    def __init__(self, index: int, text: object) -> None:
        super().__init__(f"{text!r:.60} is no unsigned decimal number of 64 bits")
        self.index = index
        self.text = text


def look(texts: Sequence[str]) -> None:
    """Raises ValueError for the first text that is no number, TypeError where one is no text."""
    joined = ",".join(texts)
    if texts and (joined.count(",") >= len(texts) or not _NUMBERS.fullmatch(joined)):
        bad = next(text for text in texts if "," in text or not _NUMBERS.fullmatch(text))
        raise ValueError(f"{bad!r:.60} is no unsigned decimal number of 64 bits")


class DecimalColumn:
    """Collects unsigned decimals as text and gives them back as integers with one step.

    Text is turned into integers a chunk at a time, so a long capture holds eight bytes a number and no Python strings.

    Args:
        as_written: whether `written` will be asked for.
    """

    def __init__(self, *, as_written: bool = False) -> None:
        self._texts: list[str] = []
        self._read: list[Ints] = []
        self._chunks: list[tuple[Ints, int]] = []
        self._decimals: list[Ints] | None = [] if as_written else None
        self._done = 0
        self._bad: UnreadableError | None = None

    def append(self, text: str) -> None:
        """Adds one."""
        self._texts.append(text)
        if self._read or len(self._texts) >= _CHUNK:
            self._convert()

    def extend(self, texts: Iterable[str]) -> None:
        """Adds many."""
        self._texts.extend(texts)
        if self._read or len(self._texts) >= _CHUNK:
            self._convert()

    def extend_read(self, numbers: Ints) -> None:
        """Adds many that are integers already: digits and how many of them stand after the dot, shape (numbers, 2)."""
        if self._texts:
            self._convert()
        self._read.append(numbers)

    def finish(self) -> tuple[Ints, Decimal]:
        """All numbers as integers, and their step: the power of ten of the most decimals seen, trailing zeros aside.

        Raises:
            UnreadableError: a text is no number, or does not fit 64 bits.
        """
        self._convert()
        if self._bad is not None:
            raise self._bad
        places = max((places for _, places in self._chunks), default=0)
        if not self._chunks:
            return np.zeros(0, dtype=np.int64), power(0)
        return np.concatenate([self._at(chunk, places) for chunk in range(len(self._chunks))]), power(places)

    def written(self) -> tuple[Ints, Ints]:
        """Of each number its digits as they were written, and how many of them stood after the dot."""
        values, step = self.finish()
        decimals = np.concatenate([np.zeros(0, np.int64), *(self._decimals or ())])
        places = -int(step.as_tuple().exponent)
        wide = np.maximum(decimals - places, 0)  # zeros at the end that no number of the column needs
        return values // 10 ** np.maximum(places - decimals, 0) * 10**wide, decimals

    def _at(self, chunk: int, places: int) -> Ints:
        values, own = self._chunks[chunk]
        try:
            return rescale(values, power(own), power(places))
        except OverflowError as error:
            before = sum(len(values) for values, _ in self._chunks[:chunk])
            widest = int(values.argmax())
            raise UnreadableError(before + widest, str(int(values[widest]) * power(own))) from error

    def _convert(self) -> None:
        """Turns what has come into integers; of what is no number `finish` tells, when its place can be told."""
        if self._bad is None:
            try:
                self._turn()
            except UnreadableError as error:
                self._bad = error
        self._texts, self._read = [], []

    def _turn(self) -> None:
        if self._read:
            read, self._read = np.concatenate(self._read), []
            try:
                values, places = _on_least_step(read[:, 0], read[:, 1])
            except (pa.ArrowException, ValueError) as error:
                raise _first_bad(_texts(read[:, 0], read[:, 1]), self._done) from error
            self._take(values, places, read[:, 1])
        if not self._texts:
            return
        texts, self._texts = self._texts, []
        try:
            values, places = _integers(texts)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise _first_bad(texts, self._done) from error
        self._take(values, places, self._as_written(texts))

    def _as_written(self, texts: Sequence[str]) -> Ints | None:
        """How many digits stand after the dot of each, where that is asked for."""
        if self._decimals is None:
            return None
        decimals = _decimals(texts)
        if decimals.max(initial=0) > _SAFE:
            at = int(decimals.argmax())
            raise UnreadableError(self._done + at, texts[at])
        return decimals

    def _take(self, values: Ints, places: int, decimals: Ints | None) -> None:
        self._chunks.append((values, places))
        if self._decimals is not None and decimals is not None:
            self._decimals.append(decimals)
        self._done += len(values)


def on_one_step(columns: Mapping[str, tuple[Ints, Decimal]], step: Decimal | None) -> tuple[dict[str, Ints], Decimal]:
    """Several finished columns as integers of one step.

    Args:
        columns: name -> integers and their step.
        step: the venue's step. Where it is unknown, or a number is no multiple of it (the venue has changed it since),
            the finest step of the columns is taken.

    Raises:
        OverflowError: a number does not fit 64 bits in the finest step.
    """
    seen = min((own for _, own in columns.values()), default=power(0))
    whole = {name: rescale(values, own, seen) for name, (values, own) in columns.items()}
    if step is None:
        return whole, seen
    fine = common_step(seen, step)
    try:
        number = np.int64(int(step / fine))
        parts = {name: np.divmod(rescale(values, seen, fine), number) for name, values in whole.items()}
    except OverflowError:
        return whole, seen
    if any(rest.any() for _, rest in parts.values()):
        return whole, seen
    return {name: quotient for name, (quotient, _) in parts.items()}, step


def _on_least_step(digits: Ints, decimals: Ints) -> tuple[Ints, int]:
    """Numbers on the step of the most decimals among them, trailing zeros aside.

    Args:
        digits: below 10**18.
        decimals: how many of them stand after the dot, up to 18.
    """
    places = int(decimals.max(initial=0))
    if (decimals == places).all():
        values = digits
    else:
        missing = places - decimals
        if (digits > (2**63 - 1) // 10**missing).any():
            return _integers(_texts(digits, decimals))
        values = digits * 10**missing
    while places and not (values % 10).any():
        values, places = values // 10, places - 1
    return values, places


def _texts(digits: Ints, decimals: Ints) -> list[str]:
    exact = [Decimal(int(digit)).scaleb(-int(many)) for digit, many in zip(digits, decimals, strict=True)]
    return [format(number, "f") for number in exact]


def _few(texts: Sequence[str]) -> tuple[Ints, int] | None:
    """What `_integers` gives, sooner, of a few texts that are plainly numbers; None of others."""
    parts = []
    for text in texts:
        if not (isinstance(text, str) and _SMALL.fullmatch(text)):
            return None
        before, _, after = text.partition(".")
        parts.append((before, after.rstrip("0")))
    places = max(len(after) for _, after in parts)
    if max(len(before) for before, _ in parts) + places > _SAFE:
        return None
    return np.array([int(before + after.ljust(places, "0")) for before, after in parts], np.int64), places


def _integers(texts: Sequence[str]) -> tuple[Ints, int]:
    few = _few(texts) if len(texts) <= _FEW else None
    if few is not None:
        return few
    column = pa.array(texts, type=pa.string())
    if column.null_count:
        raise ValueError("null is no number")
    dot = pc.find_substring(column, ".").to_numpy()
    length = pc.binary_length(pc.utf8_rtrim(column, "0")).to_numpy()
    places = int(np.where(dot >= 0, length - dot - 1, 0).max())
    wide = column.cast(pa.decimal128(_DIGITS, places))
    low_high = np.frombuffer(wide.buffers()[1], dtype="<i8").reshape(-1, 2)[: len(texts)]
    if low_high[:, 1].any() or (low_high[:, 0] < 0).any():
        raise ValueError("negative, or beyond 64 bits")
    return low_high[:, 0].copy(), places


def _decimals(texts: Sequence[str]) -> Ints:
    """How many digits stand after the dot of each."""
    column = pa.array(texts, type=pa.string())
    dot = pc.find_substring(column, ".").to_numpy()
    return np.where(dot >= 0, pc.binary_length(column).to_numpy() - dot - 1, 0).astype(np.int64)


def _first_bad(texts: Sequence[object], start: int) -> UnreadableError:
    sound: list[Decimal] = []
    for index, text in enumerate(texts):
        if not isinstance(text, str) or not _NUMBER.fullmatch(text):
            return UnreadableError(start + index, text)
        sound.append(Decimal(text))
    widest = sound.index(max(sound))  # each is a number, together they are too wide for one step
    return UnreadableError(start + widest, texts[widest])
