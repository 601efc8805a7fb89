"""The search over everything: each service finds its own, here it is put together."""

import re
from typing import Any

from litestar import get

from shared.web import Request, Response, page, see

NUMBER = re.compile(r"#?\s*(\d{1,9})")
LONGEST = 100  # characters


def routes() -> list[Any]:
    @get("/search")
    async def search(request: Request) -> Response[Any]:
        """`?q=`; the number of a task leads there, but not with `everywhere`."""
        words = request.query_params.get("q", "").strip()[:LONGEST]
        number = NUMBER.fullmatch(words)
        if number and "everywhere" not in request.query_params:
            return see(request, f"/tasks/search/{int(number[1])}")
        return page(request, "search.html", words=words)

    return [search]
