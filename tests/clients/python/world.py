"""The simulator as a program, and the address to which it sends its webhooks.

FIELDLINE_SIMULATOR names the program.
"""

import http.server
import json
import os
import queue
import subprocess
import threading
import urllib.request

SECRET = "app-secret-of-the-clients"
TOKEN = "token-of-the-clients"
PHONE = "106540352242922"
WABA = "102290129340398"
ANA = "34600111222"
# Only against a test that would hang for ever.
PATIENCE = 60


class World:
    """One simulator and what it posts."""

    def __init__(self):
        self.posted = posted = queue.Queue()

        class Hook(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                posted.put((body, self.headers["x-hub-signature-256"]))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        threading.Thread(target=self.hook.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{self.hook.server_port}/hook"
        command = [os.environ["FIELDLINE_SIMULATOR"], "serve", "--listen", "127.0.0.1:0", "--webhook", address]
        command += ["--app-secret", SECRET, "--seed", "7", "--token", TOKEN, "--phone-number-id", PHONE, "--waba-id", WABA]
        self.program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.address = json.loads(self.program.stdout.readline())["addr"]

    def close(self):
        self.program.terminate()
        self.program.wait(PATIENCE)
        self.program.stdout.close()
        self.hook.shutdown()
        self.hook.server_close()

    def control(self, path, **body):
        """A control call; its answer."""
        request = urllib.request.Request(f"http://{self.address}/sim/{path}", json.dumps(body).encode())
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def look(self, path):
        """`log` or `chats`."""
        with urllib.request.urlopen(f"http://{self.address}/sim/{path}") as answer:
            return json.load(answer)

    def calls(self, ending="/messages"):
        """The logged calls whose path ends so."""
        return [call for call in self.look("log")["calls"] if call["path"].endswith(ending)]

    def shown(self):
        """What Ana's phone shows from the business."""
        chat = next(chat for chat in self.look("chats")["customers"] if chat["wa_id"] == ANA)
        return [message for message in chat["messages"] if message["author"] != "customer"]

    def webhook(self):
        """The next webhook: its bytes and its signature."""
        return self.posted.get(timeout=PATIENCE)
