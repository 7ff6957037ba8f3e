"""The port that both runtimes fill: wasm, whose outcomes may be attested, and native, whose outcomes never are."""

from collections.abc import Callable, Mapping
from typing import Protocol

from fusion.content.table import Column
from fusion.sdk import Interface, Scalar
from sandbox.code import Limits, ModuleCode
from sandbox.outcome import Outcome


class ModuleRuntime(Protocol):
    """Runs modules; `sandbox.runtime.Runtime` and `sandbox.native.NativeRuntime` are the two."""

    def run(
        self,
        module: ModuleCode,
        inputs: Mapping[str, Column],
        settings: Mapping[str, Scalar],
        *,
        limits: Limits = ...,
        seed: int = ...,
        deadline: float = ...,
        printed: Callable[[str], None] | None = ...,
    ) -> Outcome:
        """Run a module once; see `Runtime.run`."""

    def describe(self, module: ModuleCode, settings: Mapping[str, Scalar] | None = ...) -> Interface:
        """The ports and settings of a module; see `Runtime.describe`."""
