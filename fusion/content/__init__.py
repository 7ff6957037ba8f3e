"""Content by hash: CIDs, blocks, files and folders, bundles, tables, and the gateway that hands them out.

A block is at most 2 MiB and is always checked against its CID, wherever it comes from. A folder is a UnixFS directory
as Kubo makes it with `--cid-version=1`, so the 32 bytes that the chain keeps name the same folder to every IPFS node.
"""
