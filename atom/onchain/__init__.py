"""On chain: logs of decentralised exchanges and the state of GMX's pool as events, from files or from a node."""
