"""The virtual exchange over the wire: Binance's spot API, REST and WebSocket on one port.

Source: https://developers.binance.com/docs/binance-spot-api-docs, and what the client library ccxt expects of it.
"""
