"""`/archive`: the last manifest of each signer and market in the open archive; its blocks are at `/ipfs`."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from atom.archive.catalogue import Catalogue


def archive(catalogue: Catalogue) -> APIRouter:
    """A router with the one path. Who mirrors checks what it finds, so this is a hint and no promise."""
    router = APIRouter()

    @router.get("/archive")
    def heads() -> JSONResponse:
        told = [
            {
                "venue": entry.venue,
                "symbol": entry.symbol,
                "signer": entry.signer,
                "start": entry.span.start,
                "end": entry.span.end,
                "manifest": str(entry.manifest),
            }
            for entry in catalogue.heads()
        ]
        return JSONResponse({"heads": told}, headers={"Cache-Control": "no-cache"})

    return router
