"""What authors, buyers and the owed do on the marketplace: publish, offer, buy, settle, claim.

The command line, the app and the Collider all go through this door.
"""
