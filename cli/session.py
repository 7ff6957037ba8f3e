"""What a command works with: settings, the chain, an account, content. Each is made when first asked for."""

from functools import cached_property
from typing import TYPE_CHECKING

from fusion.errors import BadInput

if TYPE_CHECKING:
    from fusion.chain.account import Account
    from fusion.chain.client import Chain
    from fusion.chain.deployment import Deployment
    from fusion.content.gateway import Content
    from fusion.content.store import BlockStore
    from fusion.settings import Settings
    from sandbox.image import Image
    from sandbox.runtime import Runtime


class Session:
    """One run of a command."""

    @cached_property
    def settings(self) -> "Settings":
        """Settings from the environment; BadInput names the variable that cannot be used."""
        from pydantic import ValidationError

        from fusion import log
        from fusion.settings import Settings

        try:
            settings = Settings()
        except ValidationError as error:
            first = error.errors()[0]
            variable = "FUSION_" + str(first["loc"][0]).upper()
            wrong = first["msg"].removeprefix("Value error, ")
            raise BadInput(f"{variable} is {first['input']!r}: {wrong}") from None
        log.configure(settings.log_level)
        return settings

    @cached_property
    def deployment(self) -> "Deployment":
        from fusion.chain.deployment import Deployment

        return Deployment.load(self.settings.deployment)

    @cached_property
    def chain(self) -> "Chain":
        from fusion.chain.client import Chain

        return Chain.connect(self.settings.rpc, self.deployment, self.settings.max_fee_wei)

    @cached_property
    def store(self) -> "BlockStore":
        from fusion.content.store import BlockStore

        return BlockStore(self.settings.content)

    @cached_property
    def content(self) -> "Content":
        from fusion.content.gateway import Content

        return Content(self.store, self.settings.gateways)

    @cached_property
    def image(self) -> "Image":
        """The sandbox image, prepared, with progress, if this machine has none."""
        from cli.output import progress
        from sandbox.image import prepare

        with progress("sandbox") as report:
            return prepare(self.settings.images, report)

    @cached_property
    def runtime(self) -> "Runtime":
        from sandbox.runtime import Runtime

        return Runtime(self.image)

    def account(self, name: str) -> "Account":
        """The account that signs: by its name in this home, or by its address, here or at the external signer."""
        if name not in self._accounts:
            self._accounts[name] = self._opened(name)
        return self._accounts[name]

    @cached_property
    def _accounts(self) -> "dict[str, Account]":
        return {}

    def _opened(self, name: str) -> "Account":
        from fusion.chain import account
        from fusion.chain.contract import address

        keys, signer = self.settings.keys, self.settings.signer
        here = account.names(keys)
        if name in here or not name.startswith("0x"):
            return account.load(keys, name, self.password)
        wanted = address(name, "the account")
        if signer:
            return account.Account.remote(signer, wanted)
        for each in here:
            if account.address_of(keys, each) == wanted:
                return account.load(keys, each, self.password)
        raise BadInput(f"no account of this home has address {wanted}; FUSION_SIGNER names a program that signs for it")

    def password(self, name: str, *, fresh: bool = False) -> str:
        """The password of an account, from the file that FUSION_PASSWORD_FILE names or from the terminal.

        A `fresh` one is asked for twice.
        """
        import sys

        import typer

        from fusion.chain import password

        if self.settings.password_file is not None:
            return password.read(self.settings.password_file)
        if not sys.stdin.isatty():
            raise BadInput(
                f"account {name!r} has a password of its own: set FUSION_PASSWORD_FILE to a file with it, "
                "or run this at a terminal"
            )
        text = f"Password of account {name}"
        return str(typer.prompt(text, hide_input=True, confirmation_prompt=fresh, err=True))

    def address(self, text: str, what: str) -> str:
        """The address that a person gave, as such or by the name of an account of this home."""
        from fusion.chain import account
        from fusion.chain.contract import address

        if text in account.names(self.settings.keys):
            return account.address_of(self.settings.keys, text)
        return address(text, what)
