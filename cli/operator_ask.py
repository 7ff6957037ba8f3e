"""Asking for what no option says: at a terminal; elsewhere what has no default must be given."""

import sys
from collections.abc import Callable, Mapping

import typer

from fusion.errors import BadInput


class Asker:
    """The answers of one run of a wizard.

    Args:
        given: what options say, by their names without dashes; None where they say nothing.
    """

    def __init__(self, given: Mapping[str, str | None]) -> None:
        self._given = given
        self.interactive = sys.stdin.isatty() and sys.stderr.isatty()

    def ask(self, option: str, question: str, default: str | None, check: Callable[[str], object] | None = None) -> str:
        """What the option says, else what a person answers, else the default.

        Args:
            option: its name, without dashes.
            check: raises BadInput for an answer that cannot be used; a person is then asked again.

        Raises:
            BadInput: there is nobody to ask and no default, or the option's value cannot be used.
        """
        given = self._given.get(option)
        if given is None and self.interactive:
            return self._asked(question, default, check)
        answer = default if given is None else given
        if answer is None:
            raise BadInput(f"no --{option}: give it, or run this at a terminal")
        if check is not None:
            check(answer)
        return answer

    def confirmed(self, question: str) -> bool:
        """Whether a person says yes; nobody to ask says no."""
        return self.interactive and typer.confirm(question, default=False, err=True)

    def secret(self, question: str) -> str:
        """A password, typed twice and shown never."""
        return str(typer.prompt(question, hide_input=True, confirmation_prompt=True, err=True))

    def _asked(self, question: str, default: str | None, check: Callable[[str], object] | None) -> str:
        while True:
            answer = str(typer.prompt(question, default=default, err=True))
            try:
                if check is not None:
                    check(answer)
            except BadInput as error:
                typer.echo(f"  {error}", err=True)
            else:
                return answer
