"""One operator in a process of its own, so that a test can kill it: home, endpoint and keys by argument."""

import sys
import threading
from pathlib import Path

from fusion.chain import account as accounts
from fusion.chain.client import Chain
from fusion.chain.deployment import MUSD, Deployment
from fusion.content.gateway import Content
from fusion.content.store import BlockStore
from node.executor.daemon import Daemon, Terms
from sandbox.image import Image


def main(home: Path, rpc: str, image: Image, gateway: str) -> None:
    chain = Chain.connect(rpc, Deployment.load(home / "deployment.json"))
    content = Content(BlockStore(home / "content"), [gateway])
    terms = Terms(stake=5_000 * MUSD, poll=0.1)
    account = accounts.load(home / "keys", "operator")
    Daemon(home, chain, account, content=content, image=image, terms=terms).run(threading.Event())


if __name__ == "__main__":
    folder, url, image_id, image_path, source = sys.argv[1:]
    main(Path(folder), url, Image(bytes.fromhex(image_id), Path(image_path)), source)
