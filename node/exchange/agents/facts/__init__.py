"""Facts: what is known of real markets' prices, volumes and books, measured in a simulated and in a recorded one."""
