"""Takes jobs from the chain, runs them in the sandbox, commits, reveals and claims."""
