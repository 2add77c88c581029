"""A small business on a real platform: processes, people, a few customers who wrote."""

import hashlib
import json
import os
import pathlib
import secrets
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid

APP_SECRET = "an app's secret"
VERIFY_TOKEN = "a verify token"
PHONE_NUMBER_ID = "4242"
PASSWORD = "correct horse battery"
# Each signs in with a phone; `signer` only ever signs in, so that nobody's guesses slow it down.
PEOPLE = {"owner": "owner", "manager": "manager", "employee": "employee", "signer": "employee"}
TEMPLATE = {"language": "en_US", "kind": "utility", "components": [{"type": "BODY", "text": "Your order is ready."}]}
CLIENT = "test/1.0.0"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def post(url: str, body: object, token: str | None = None) -> dict:
    headers = {"Content-Type": "application/json", "Fieldline-Client": CLIENT}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"{}")


def get(url: str, token: str) -> dict:
    request = urllib.request.Request(url, headers={"Fieldline-Client": CLIENT, "Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


class Child:
    """A process that says on its first line where it listens."""

    def __init__(self, command: list[str], log: pathlib.Path, env: dict[str, str]) -> None:
        self.log = log.open("w", encoding="utf-8")
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=self.log, text=True)
        first = self.process.stdout.readline()
        if not first:
            raise RuntimeError(f"{command[0]} did not start: {log.read_text(encoding='utf-8')[-2000:]}")
        self.address = "http://" + json.loads(first)["addr"]
        # Nobody reads on; a full pipe would stop it.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def alive(self) -> bool:
        return self.process.poll() is None

    def end(self) -> int:
        self.process.terminate()
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.log.close()
        return code


class World:
    """The platform, with the WhatsApp simulator as its Meta."""

    def __init__(self, binaries: pathlib.Path, folder: pathlib.Path) -> None:
        self.platform = binaries / "fieldline-platform"
        port = free_port()
        self.sim = Child(
            [
                *[str(binaries / "fieldline-whatsapp-sim"), "serve", "--listen", "127.0.0.1:0", "--seed", "1"],
                *["--webhook", f"http://127.0.0.1:{port}/webhooks/meta", "--app-secret", APP_SECRET],
                *["--phone-number-id", PHONE_NUMBER_ID, "--waba-id", "77"],
            ],
            folder / "whatsapp.log",
            dict(os.environ),
        )
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FIELDLINE_")},
            "FIELDLINE_LISTEN": f"127.0.0.1:{port}",
            "FIELDLINE_DATA": str(folder / "data"),
            "FIELDLINE_GRAPH_URL": f"{self.sim.address}/v25.0",
            "FIELDLINE_APP_SECRET": APP_SECRET,
            "FIELDLINE_VERIFY_TOKEN": VERIFY_TOKEN,
            "FIELDLINE_METRICS_PUBLIC": "true",
        }
        try:
            self.serve = Child([str(self.platform), "serve"], folder / "serve.log", self.env)
            self.url = self.serve.address
            self.fill()
        except BaseException:
            self.end()
            raise

    def operator(self, *arguments: str, stdin: str = PASSWORD) -> dict:
        command = [str(self.platform), *arguments]
        done = subprocess.run(command, env=self.env, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{arguments}: {done.stderr}")
        return json.loads(done.stdout)

    def fill(self) -> None:
        made = self.operator("workspace", "create", "--name", "Bloom", "--owner-email", "owner@example.test")
        workspace = made["workspace_id"]
        for name, role in PEOPLE.items():
            if name != "owner":
                more = ["--email", f"{name}@example.test", "--name", name.title(), "--role", role]
                self.operator("agent", "add", "--workspace", workspace, *more)
        number = ["--phone-number-id", PHONE_NUMBER_ID, "--waba-id", "77", "--display", "+34 600 000 000"]
        self.operator("channel", "add", "--workspace", workspace, *number, stdin="a-graph-token")
        for number in range(12):
            self.customer(f"3460011122{number:02}", "Good morning, are you open today?")
        self.customer("346001112200", "And on Sunday?")
        token = self.sign_in("owner")["access_token"]
        end = time.monotonic() + 30
        while len(get(f"{self.url}/v1/scope", token)["conversations"]) < 12:
            if time.monotonic() > end:
                raise RuntimeError("the customers' messages did not arrive")

    def customer(self, number: str, text: str) -> None:
        post(f"{self.sim.address}/sim/customer", {"wa_id": number, "name": f"Customer {number[-2:]}", "text": text})

    def sign_in(self, name: str) -> dict:
        device = {"id": str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)), "name": "Phone", "platform": "test"}
        body = {"email": f"{name}@example.test", "password": PASSWORD, "device": device}
        return {**post(f"{self.url}/v1/session", body), "device": device}

    def link_code(self, name: str) -> str:
        return self.operator("agent", "link-code", "--email", f"{name}@example.test", stdin="")["link_code"]

    def office(self, path: str, body: dict) -> dict:
        return post(f"{self.url}/v1/office/{path}", body, self.sign_in("owner")["access_token"])

    def makings(self, name: str) -> dict[str, list[str]]:
        """Things of the office that a run may change and delete, as ids by their word in the path."""
        made = range(3)
        return {
            "labels": [self.office("labels", {"name": f"{name} {n}", "colour": "green"})["id"] for n in made],
            "teams": [self.office("teams", {"name": f"{name} {n}", "members": []})["id"] for n in made],
            "quick-replies": [self.office("quick-replies", {"shortcut": f"{name}{n}", "text": "Thanks"})["id"] for n in made],
            "devices": [self.sign_in("signer")["device"]["id"] for _ in made],
            "templates": [self.office("templates", {**TEMPLATE, "name": f"{name}_{n}"})["id"] for n in made],
            "members": [
                self.office("members", {"name": "Guest", "email": f"{name}{n}@guests.test", "role": "employee"})["member"]["id"]
                for n in made
            ],
        }

    def wipe_token(self) -> str:
        """That of a device which was signed out for good."""
        gone = self.sign_in("signer")
        self.office(f"devices/{gone['device']['id']}/revoke", {})
        try:
            get(f"{self.url}/v1/scope", gone["access_token"])
        except urllib.error.HTTPError as refused:
            return json.loads(refused.read())["error"]["details"]["wipe_token"]
        raise RuntimeError("a revoked device was let in")

    def file(self, token: str, epoch: str, conversation: str) -> str:
        """Sends a file to a customer, and gives the id under which the others fetch it."""
        content = b"%PDF-1.4 a price list"
        sha256, message = hashlib.sha256(content).hexdigest(), str(uuid.uuid4())
        headers = {"Fieldline-Client": CLIENT, "Authorization": f"Bearer {token}"}
        upload = urllib.request.Request(f"{self.url}/v1/media/{sha256}", content, headers, method="PUT")
        urllib.request.urlopen(upload, timeout=30).close()
        body = {"kind": "media", "type": "document", "mime": "application/pdf", "size": len(content), "sha256": sha256}
        send = {"id": message, "at": 0, "kind": "send", "conversation": conversation, "body": body, "based_on_n": 1000}
        answer = post(f"{self.url}/v1/commands", {"epoch": epoch, "commands": [send]}, token)["answers"][0]
        if answer["outcome"] != "done":
            raise RuntimeError(f"the file was not sent: {answer}")
        return message

    def sends(self, token: str, epoch: str, number: str, fault: str, count: int) -> list[str]:
        """Sends to as many new customers while the fault lasts; gives the ids of the messages."""
        numbers = [f"{number}{n:02}" for n in range(count)]
        chats = [self.conversation(token, each) for each in numbers]
        post(f"{self.sim.address}/sim/faults", {"send": fault})
        messages = [str(uuid.uuid4()) for _ in chats]
        body = {"kind": "text", "text": "Yes, until eight."}
        commands = [
            {"id": message, "at": 0, "kind": "send", "conversation": chat, "body": body, "based_on_n": 1}
            for message, chat in zip(messages, chats, strict=True)
        ]
        post(f"{self.url}/v1/commands", {"epoch": epoch, "commands": commands}, token)
        if fault == "503":
            # The owner answers between one try and the next: the reply waits for a yes (R8).
            self.until(lambda: all(self.reason(token, chat) == "R6" for chat in chats), "the first tries did not fail")
            for each in numbers:
                post(f"{self.sim.address}/sim/owner", {"to": each, "text": "I am on it."})
        wanted = "R8" if fault == "503" else "R14"
        self.until(lambda: all(self.reason(token, chat) == wanted for chat in chats), f"no message came to {wanted}")
        post(f"{self.sim.address}/sim/faults", {"send": "ok"})
        return messages

    def conversation(self, token: str, number: str) -> str:
        """The conversation of a new customer, who has just written."""
        self.customer(number, "Are you open today?")
        found: list[str] = []

        def there() -> bool:
            page = get(f"{self.url}/v1/office/contacts?q={number}", token)
            found[:] = [id for contact in page["contacts"] for id in contact["conversations"]]
            return bool(found)

        self.until(there, "the customer's message did not arrive")
        return found[0]

    def reason(self, token: str, conversation: str) -> str:
        """Why the newest reply of a conversation waits."""
        page = get(f"{self.url}/v1/conversations/{conversation}/messages", token)
        ours = [message for message in page["messages"] if message["author"]["kind"] == "agent"]
        return ours[-1]["ladder"].get("trouble", {}).get("reason", "") if ours else ""

    @staticmethod
    def until(true, words: str) -> None:
        end = time.monotonic() + 30
        while not true():
            if time.monotonic() > end:
                raise RuntimeError(words)

    def approved(self) -> str:
        """A template that Meta has approved and that wants nothing filled in."""
        made = self.office("templates", {**TEMPLATE, "name": "ready_for_anybody"})["id"]
        post(f"{self.sim.address}/sim/template", {"name": "ready_for_anybody", "language": TEMPLATE["language"], "status": "APPROVED"})
        token = self.sign_in("owner")["access_token"]

        def listed() -> bool:
            templates = get(f"{self.url}/v1/office/templates", token)["templates"]
            return any(template["id"] == made and template["status"] == "approved" for template in templates)

        self.until(listed, "the template was not approved")
        return made

    def known(self, name: str) -> dict:
        """What a phone of theirs knows after its start: tokens, ids, a cursor, what opens the door for the hooks."""
        grant, throwaway = self.sign_in(name), self.sign_in(name)
        token = grant["access_token"]
        makings = self.makings(name)
        start = get(f"{self.url}/v1/bootstrap", token)
        # The office of the owner sees to it, as an employee may not search.
        desk = self.sign_in("owner")["access_token"]
        # To customers of their own, whom the calls do not know: an erased one takes the file along.
        numbers = [f"34600444{sum(name.encode()) % 100:02}{n:02}" for n in range(3)]
        media = [self.file(token, start["epoch"], self.conversation(desk, number)) for number in numbers]
        held = self.sends(desk, start["epoch"], "3460022200", "503", 2)
        unknown = self.sends(desk, start["epoch"], "3460033300", "500", 3)
        return {
            "url": self.url,
            "access_token": token,
            "refresh_token": throwaway["refresh_token"],
            "device": grant["device"],
            "signer": {"email": "signer@example.test", "password": PASSWORD, "device": self.sign_in("signer")["device"]},
            "link_code": self.link_code("signer"),
            "ends": [self.sign_in(name)["access_token"] for _ in range(4)],
            "epoch": start["epoch"],
            "cursor": start["cursor"],
            "wipe_token": self.wipe_token(),
            "ids": {
                **{kind: [row["id"] for row in start.get(kind, [])] for kind in ("conversations", "messages", "contacts", "channels")},
                **makings,
                "media": media,
            },
            "held": held,
            "unknown": unknown,
            "approved": self.approved(),
            "app_secret": APP_SECRET,
            "verify_token": VERIFY_TOKEN,
        }

    def end(self) -> int | None:
        code = self.serve.end() if hasattr(self, "serve") else None
        self.sim.end()
        return code
