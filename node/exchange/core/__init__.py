"""The matching core: commands in, a journal out. Pure: no files, no clock, no chance."""
