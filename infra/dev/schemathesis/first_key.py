"""Waits for a server that was just set up, chooses the administrator's password, and prints an API key of theirs.

usage: first_key.py SETUP.json     (BULKHEAD_SERVER names the server)
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

PASSWORD = "correct horse battery staple"


def ask(method, path, token=None, body=None):
    request = urllib.request.Request(os.environ["BULKHEAD_SERVER"] + path, method=method)
    if token:
        request.add_header("authorization", f"Bearer {token}")
    if body is not None:
        request.add_header("content-type", "application/json")
        request.data = json.dumps(body).encode()
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def main():
    for _ in range(300):
        try:
            ask("GET", "/readyz")
            break
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    else:
        sys.exit("the server does not answer")
    with open(sys.argv[1], encoding="utf-8") as file:
        one_time = json.load(file)["one_time_password"]
    first = ask("POST", "/api/v1/session", body={"login": "admin", "password": one_time})
    change = {"current": one_time, "new": PASSWORD}
    session = ask("POST", "/api/v1/session/password", first["token"], change)
    key = {"note": "schemathesis", "roles": [{"role": "admin"}]}
    print(ask("POST", "/api/v1/api-keys", session["token"], key)["key"])


main()
