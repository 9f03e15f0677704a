"""Gap: the emulator's HTTP server takes longer for most requests than the emulator does.

Here uvicorn serves the same application; its parser is compiled. The emulator's own server is
hypercorn, whose parser h11 is written in Python. Shown by test_quick_server.py.
"""

from typing import Any

import hypercorn.asyncio
import uvicorn

LEAVE_SECONDS = 3
"""What requests under way may take once the emulator is asked to end, as with hypercorn."""


async def serve(app: Any, config: hypercorn.asyncio.Config) -> None:
    """Serve until SIGTERM. The emulator writes its state when the application is told of the end.

    config: What the emulator would have told hypercorn.
    """
    host, port = config.bind[0].rsplit(":", 1)
    settings = uvicorn.Config(
        app,
        host=host,
        port=int(port),
        loop="asyncio",
        http="httptools",
        ws="none",
        lifespan="on",
        log_level=config.loglevel.lower(),
        access_log=False,
        server_header=config.include_server_header,
        date_header=config.include_date_header,
        timeout_keep_alive=int(config.keep_alive_timeout),
        timeout_graceful_shutdown=LEAVE_SECONDS,
    )
    await uvicorn.Server(settings).serve()


# The emulator looks the function up there when it begins to serve.
hypercorn.asyncio.serve = serve
