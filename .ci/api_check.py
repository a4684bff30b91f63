#!/usr/bin/env python3
"""Holds the running server against its own OpenAPI document.

    .ci/api_check.py SERVER [--seed N]... [--seconds S]

First a validator reads the document. Then a schema-driven tester calls the server with what the document allows and with
what it forbids: no answer may have a status, a body or a header that the document does not tell of, none may be a 5xx,
and what the document calls invalid is refused. At the end the server must still be there, and end well.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import requests
from openapi_spec_validator import validate

KEY = "api-check"
HERE = pathlib.Path(__file__).parent
# Not allow_header_conformance: no slug is reserved, so sync/{sync}/preview/ takes a PUT too, of a type with that slug.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
]


def test(address, seed, seconds):
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"]
    command += ["--header", f"Authorization: Api-Key {KEY}", "--checks", ",".join(CHECKS)]
    command += ["--seed", str(seed), "--max-examples", "60", "--max-time", str(seconds), "--workers", "1"]
    command += ["--continue-on-failure", "--warnings", "off", "--generation-database", "none"]
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "api_hooks",
        "PYTHONPATH": os.pathsep.join([str(HERE)] + os.environ.get("PYTHONPATH", "").split(os.pathsep)),
        "HEADCOUNT_ADDRESS": address,
        "HEADCOUNT_API_KEY": KEY,
        "NO_COLOR": "1",
    }
    return subprocess.run(command, env=environment, cwd=tempfile.gettempdir()).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", help="the program")
    parser.add_argument("--seed", type=int, action="append", help="of the calls; may be given again")
    parser.add_argument("--seconds", type=int, default=60, help="for each seed")
    arguments = parser.parse_args()

    with tempfile.TemporaryFile("w+") as log:
        command = [arguments.server, "--listen", "127.0.0.1:0", "--tenant", "acme", "--api-key", KEY]
        environment = os.environ | {"RUST_LOG": "warn"}
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        try:
            address = server.stdout.readline().split()[-1]
            validate(requests.get(f"{address}/openapi.json", timeout=10).json())
            print("the document is a valid OpenAPI document")
            good = [test(address, seed, arguments.seconds) for seed in arguments.seed or [1]]
        finally:
            server.send_signal(signal.SIGTERM)
            ended = server.wait(timeout=60)
        log.seek(0)
        errors = [line for line in log if " ERROR " in line or "panicked" in line]
        print("".join(errors), end="")
        if not all(good) or errors or ended != 0:
            sys.exit(f"the server is not as its document says, or did not end well ({ended})")


if __name__ == "__main__":
    main()
