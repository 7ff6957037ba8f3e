"""The one room that knows web3: typed contracts, transactions, logs, keystores, deployment and the local chain.

Import the modules, not this package: web3 takes a second to load, and the package itself takes none.
"""
