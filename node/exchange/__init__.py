"""The virtual exchange: an order book, accounts and agents, where strategies run without real money."""
