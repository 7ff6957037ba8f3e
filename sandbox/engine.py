"""How wasmtime is set up, for compiling and for running alike.

What a module computes, and the fuel it takes, follows from `SEMANTICS` and the binary alone: two builds for different
processors, or at different optimisation levels, give the same bits. So `SEMANTICS` is part of the image id, and the
target is part of a compiled file's key only.
"""

import platform
import sys

import wasmtime
from wasmtime import _ffi as ffi

WASM_STACK = 64 << 20
"""Bytes of native stack for wasm frames, so that Python's own recursion checks end a deep recursion first."""

SEMANTICS: dict[str, bool | int] = {
    "consume_fuel": True,
    "epoch_interruption": True,
    "nan_canonicalization": True,
    "relaxed_simd_deterministic": True,
    "wasm_stack": WASM_STACK,
}

_BASELINE = "x86_64-unknown-linux-gnu"
_FEATURES = ("has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt")
"""x86-64-v2, which every x86-64 processor since about 2009 has; a build for newer ones is refused by older ones."""


def target() -> str:
    """The name of what is compiled for: the baseline on x86-64 Linux, this machine elsewhere."""
    if sys.platform == "linux" and platform.machine() == "x86_64":
        return f"{_BASELINE}+{'+'.join(_FEATURES)}"
    return f"{sys.platform}-{platform.machine()}"


def configuration(*, quick: bool = False) -> wasmtime.Config:
    """A new configuration.

    Args:
        quick: compile in half the time to code of half the speed, for the one run that bakes.
    """
    config = wasmtime.Config()
    # wasmtime demands an asynchronous stack above the wasm stack even where nothing is asynchronous, and the binding
    # has no property for it.
    ffi.wasmtime_config_async_stack_size_set(config.ptr(), WASM_STACK + (1 << 20))
    config.max_wasm_stack = WASM_STACK
    config.consume_fuel = True
    config.epoch_interruption = True
    config.cranelift_nan_canonicalization = True
    config.wasm_relaxed_simd_deterministic = True
    if quick:
        config.cranelift_opt_level = "none"
        config.cranelift_flag_set("regalloc_algorithm", "single_pass")
    else:
        config.cranelift_opt_level = "speed"
    if target().startswith(_BASELINE):
        config.target = _BASELINE
        for feature in _FEATURES:
            config.cranelift_flag_enable(feature)
    return config
