"""The bounded place where third-party code runs: one job, one fresh WebAssembly instance, one outcome."""
