"""The program of the built-in model's process: llama.cpp's own server on a free loopback port.

Run as a file, by itself: it imports nothing of this application. Its job comes as one line of
JSON on stdin; it answers with one line on stdout, `{"url": ...}` or `{"problem": ...}`, and ends
when stdin does, which happens at the latest when whoever started it is gone. To the job
`{"look": true}` it answers `{"devices": [...]}`: the graphics cards that llama.cpp can use.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

HTTP_THREADS = 72
"""One for every connection that may be open: llama.cpp's server has no other way to wait."""
PROMPT_CACHE_MIB = 64
"""Of conversations that have no slot; the server's own default is 8 GiB."""
TEMPERATURE, TOP_P = 0.2, 0.9
"""Where a request says nothing: what the makers of SmolLM2 advise. At llama.cpp's own 0.8 so small
a model loses the thread."""
MOST_TOKENS = 512
"""Where a request names no limit: so small a model repeats itself, and may never come to an end."""
NO_PINGS = -1
ERRORS_ONLY = 1
COULD_NOT_START = 3


def main() -> int:
    """Serve until stdin ends; return the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the application
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what llama.cpp prints must not look like an answer
    _dump_no_core()
    try:
        job = json.loads(sys.stdin.readline())
        if job.get("look"):
            print(json.dumps({"devices": _devices()}), file=answers, flush=True)
            return 0
        server = _serve(job)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        print(json.dumps({"problem": f"{type(error).__name__}: {error}"}), file=answers, flush=True)
        return COULD_NOT_START
    print(json.dumps({"url": server.listening_address}), file=answers, flush=True)
    sys.stdin.read()
    # Ends without waiting for what is being generated: nobody reads it any more.
    os._exit(0)


def _devices() -> list[str]:
    """Return the graphics cards that this build of llama.cpp can use, as it calls them."""
    import xllamacpp

    kinds = xllamacpp.ggml_backend_dev_type
    cards = (kinds.GGML_BACKEND_DEVICE_TYPE_GPU, kinds.GGML_BACKEND_DEVICE_TYPE_IGPU)
    return [each["name"] for each in xllamacpp.get_device_info() if each["type"] in cards]


def _serve(job: dict[str, Any]) -> Any:
    # Which cards there are is settled when the library is loaded.
    os.environ.update(job["environment"])
    import xllamacpp

    wanted = xllamacpp.CommonParams()
    wanted.model.path = job["model"]
    wanted.model_alias = {job["alias"]}
    wanted.chat_template = job["chat_template"]
    wanted.hostnames = ["127.0.0.1"]
    wanted.port = 0
    wanted.api_keys = [job["key"]]
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = job["threads"]
    wanted.n_parallel = job["slots"]
    wanted.n_ctx = job["slots"] * job["context_tokens"]
    # Graphics memory is shared out by leases: without one nothing may go there, with one what fits
    # on its card.
    wanted.n_gpu_layers = job["gpu_layers"]
    wanted.no_kv_offload = wanted.no_op_offload = job["gpu_layers"] == 0
    wanted.split_mode = xllamacpp.llama_split_mode.LLAMA_SPLIT_MODE_NONE
    wanted.fit_params = False
    wanted.n_threads_http = HTTP_THREADS
    wanted.cache_ram_mib = PROMPT_CACHE_MIB
    wanted.sse_ping_interval = NO_PINGS
    wanted.endpoint_metrics = True
    wanted.endpoint_slots = False
    wanted.offline = True
    wanted.ui = False
    wanted.cors_origins = ""
    wanted.cors_credentials = False
    wanted.verbosity = ERRORS_ONLY
    wanted.sampling.temp, wanted.sampling.top_p = TEMPERATURE, TOP_P
    wanted.n_predict = MOST_TOKENS
    return xllamacpp.Server(wanted)


def _dump_no_core() -> None:
    """A crash is told by the exit status; a file of 300 MB beside it helps nobody."""
    try:
        import resource
    except ImportError:
        return  # Windows
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())
