"""Asks a server over TLS as a scraper does: prints the status, the common name of its certificate, and the body.

  https_get.py ADDRESS PATH --ca FILE [--cert FILE --key FILE] [--token TOKEN] [--resume] [--again-after FILE]

--resume: asks on a first connection, and shows what a second one is told that takes up its session.
--again-after: asks again on the same connection once FILE is there, and shows that answer too.
"""

import argparse
import http.client
import os
import ssl
import time


class Connection(http.client.HTTPSConnection):
    session = None

    def connect(self):
        http.client.HTTPConnection.connect(self)
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host, session=self.session)


def ask(connection, arguments):
    headers = {"Authorization": "Bearer " + arguments.token} if arguments.token else {}
    connection.request("GET", arguments.path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    names = [value for part in connection.sock.getpeercert()["subject"] for key, value in part if key == "commonName"]
    return f"{answer.status} {names[0]}\n{body}"


def wait_for(file):
    deadline = time.monotonic() + 30
    while not os.path.exists(file) and time.monotonic() < deadline:
        time.sleep(0.02)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("path")
    for option in ("--ca", "--cert", "--key", "--token", "--again-after"):
        parser.add_argument(option)
    parser.add_argument("--resume", action="store_true")
    arguments = parser.parse_args()
    context = ssl.create_default_context(cafile=arguments.ca)
    if arguments.cert:
        context.load_cert_chain(arguments.cert, arguments.key)
    connection = Connection(arguments.address, context=context, timeout=20)
    shown = ask(connection, arguments)
    if arguments.resume:
        session = connection.sock.session
        connection.close()
        connection = Connection(arguments.address, context=context, timeout=20)
        connection.session = session
        shown = ask(connection, arguments)
    print(shown, flush=True)
    if arguments.again_after:
        wait_for(arguments.again_after)
        print(ask(connection, arguments))


main()
