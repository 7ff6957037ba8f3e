"""Chain logs to tables (`follow`, `fold`, `undo`) and the reading of them (`views`)."""
