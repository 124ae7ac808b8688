"""Serving: the house behind uvicorn, with a graceful stop."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys

import uvicorn

from podo.app import house as houses
from podo.app.demo import story
from podo.app.settings import ServerSettings
from podo.kernel.errors import N_, Unavailable
from podo.kernel.settings import Settings

# Seconds. A connection that rests is ended by who asks, not by Podo while something is on its way: nginx and AWS's load
# balancers let one rest for 60 s, Google's for 600 s.
KEEP_ALIVE = 620


class PortTaken(Unavailable):
    """Another program listens there."""

    code = "app.port_taken"
    so = N_("{host}:{port} is taken by another program.")
    do = N_("End it, or choose another port with PODO_SERVER_PORT.")


class Signals:
    """SIGTERM and SIGINT end what runs, and undo it, at any moment: while the server starts, serves, and ends.

    The web server takes signals while it serves, and raises them again when it has ended; by then they must do nothing.
    """

    def __init__(self) -> None:
        self.serving = False
        self._task = asyncio.current_task()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, self._came)

    def _came(self) -> None:
        if not self.serving and self._task is not None:
            self._task.cancel()


async def serve(settings: Settings) -> int:
    """Run until a signal comes; open requests get `server.stop_seconds` to end."""
    signals = Signals()
    with _listen(settings[ServerSettings]) as listening:
        house = houses.build(settings)
        async with houses.running(house) as running:
            print(f"Podo listens on {house.url}", file=sys.stderr)
            if said := await story.first_link(house):
                print(said, file=sys.stderr)
            await _web(running, settings, listening, signals)
    return 0


async def up(settings: Settings, *, clusters: str, seed: bool) -> int:
    """The demo: as `serve`, with the example company, and the main job done before the newcomer's eyes."""
    signals = Signals()
    with _listen(settings[ServerSettings]) as listening:
        async with story.stage(settings, clusters=clusters, seed=seed) as on:
            async with houses.running(houses.build(on.settings)) as running:
                telling = asyncio.create_task(story.tell(running, on), name="story")
                try:
                    await _web(running, on.settings, listening, signals)
                finally:
                    telling.cancel()
                    await asyncio.gather(telling, return_exceptions=True)
    return 0


def _listen(server: ServerSettings) -> socket.socket:
    """First of all, so that a browser that comes too early waits, and a taken port is told before anything is done."""
    try:
        return socket.create_server((server.host, server.port), reuse_port=False)
    except OSError:
        raise PortTaken(host=server.host, port=server.port) from None


async def _web(running: houses.Running, settings: Settings, listening: socket.socket, signals: Signals) -> None:
    config = uvicorn.Config(
        running.app,
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=settings[ServerSettings].stop_seconds,
        server_header=False,
    )
    server = uvicorn.Server(config)
    watching = asyncio.create_task(_say_goodbye(server, running))
    signals.serving = True
    await server.serve(sockets=[listening])
    watching.cancel()


async def _say_goodbye(server: uvicorn.Server, running: houses.Running) -> None:
    # Open event streams would hold a graceful stop until its limit: end them as soon as it begins.
    while not server.should_exit:  # noqa: ASYNC110 - uvicorn tells nobody else
        await asyncio.sleep(0.1)
    running.app.state.hub.closing.set()
