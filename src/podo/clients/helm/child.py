"""The other side of `HelmSdk`: a process of its own that renders, so that a hostile chart can only hurt this process.

Run as a file, not as a module: it imports nothing of Podo. It reads and writes frames: four bytes of length (big-endian), then
JSON. A request is `{"chart", "digest", "values", "options"}`, an answer `{"texts"}` or `{"failed"}`. Arguments: memory in MiB,
CPU seconds for one request.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys
from typing import IO, Any

_CHARTS = 8


def main() -> None:
    """Answer until stdin ends."""
    memory, seconds = (int(argument) for argument in sys.argv[1:3])
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What the library prints must not stand between the frames.
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_DATA, (memory << 20, memory << 20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    import helm_python

    charts: dict[str, Any] = {}
    _write(sink, {"version": helm_python.helm_sdk_version()})
    while head := source.read(4):
        request = json.loads(source.read(int.from_bytes(head, "big")))
        _allow(seconds)
        try:
            answer = {"texts": _render(_chart(helm_python, charts, request), request)}
        except helm_python.HelmError as error:
            answer = {"failed": str(error)}
        _write(sink, answer)


def _allow(seconds: int) -> None:
    """Let this process use so many more seconds of CPU; then the system ends it, even when nobody waits for it any more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime) + seconds, hard))


def _chart(helm: Any, charts: dict[str, Any], request: dict[str, Any]) -> Any:
    digest = request["digest"]
    if digest not in charts:
        while len(charts) >= _CHARTS:
            charts.pop(next(iter(charts))).close()
        charts[digest] = helm.Chart.load(request["chart"])
    return charts[digest]


def _render(chart: Any, request: dict[str, Any]) -> dict[str, str]:
    """What `Chart.render` does, with the options that it does not pass on (kube_version)."""
    from helm_python import _native

    values, options = json.dumps(request["values"]), json.dumps(request["options"])
    return json.loads(_native.call_string("helm_render", chart._raw(), values, options))


def _write(sink: IO[bytes], answer: dict[str, Any]) -> None:
    text = json.dumps(answer).encode()
    sink.write(len(text).to_bytes(4, "big") + text)
    sink.flush()


if __name__ == "__main__":
    main()
