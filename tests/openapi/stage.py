"""A real platform process with a business in it, for the calls that are made from the document."""

import hashlib
import hmac
import json
import pathlib
import subprocess
import tempfile
import uuid

import requests

SECRET = "openapi-app-secret"
PASSWORD = "openapi password"
OWNER = "olga@example.test"
MARIA = "maria@example.test"
CLIENT = {"Fieldline-Client": "test/1.0"}


class Platform:
    """`serve` in a folder of its own, ended with the `with` block."""

    def __init__(self, binary: str) -> None:
        self.binary = binary
        self.folder = tempfile.TemporaryDirectory()
        self.environment = {
            "FIELDLINE_DATA": self.folder.name + "/data",
            "FIELDLINE_LISTEN": "127.0.0.1:0",
            # Nobody listens there: what is to go to Meta waits.
            "FIELDLINE_GRAPH_URL": "http://127.0.0.1:9/v25.0",
            "FIELDLINE_APP_SECRET": SECRET,
            "FIELDLINE_VERIFY_TOKEN": "verify",
            "FIELDLINE_LOG": "warn",
        }
        self.log = open(self.folder.name + "/serve.log", "wb")
        self.process = subprocess.Popen(
            [binary, "serve"], env=self.environment, stdout=subprocess.PIPE, stderr=self.log
        )
        line = json.loads(self.process.stdout.readline())
        self.url = f"http://{line['addr']}"

    def __enter__(self) -> "Platform":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()
        self.log.close()
        self.folder.cleanup()

    def errors(self) -> list[str]:
        """What it logged as its own fault."""
        self.log.flush()
        text = pathlib.Path(self.folder.name + "/serve.log").read_text(encoding="utf-8")
        return [line for line in text.splitlines() if " error " in f" {line} ".lower()]

    def operate(self, *arguments: str, secret: str = "") -> dict:
        """One of the operator's commands."""
        done = subprocess.run(
            [self.binary, *arguments], env=self.environment, input=secret, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    def call(self, method: str, path: str, token: str | None = None, body: object = None) -> requests.Response:
        headers = dict(CLIENT)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return requests.request(method, self.url + path, headers=headers, json=body, timeout=30)

    def sign_in(self, email: str) -> dict:
        device = {"id": str(uuid.uuid4()), "name": "Check", "platform": "test", "app_version": "1.0"}
        answer = self.call("POST", "/v1/session", body={"email": email, "password": PASSWORD, "device": device})
        answer.raise_for_status()
        return answer.json() | {"device": device["id"]}

    def webhook(self, body: dict) -> None:
        """One webhook, signed as Meta signs."""
        raw = json.dumps(body).encode()
        signature = "sha256=" + hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        answer = requests.post(
            self.url + "/webhooks/meta", data=raw, headers={"X-Hub-Signature-256": signature}, timeout=30
        )
        assert answer.status_code == 200, answer.text


def customer(number: str, wamid: str, text: str, at: int) -> dict:
    """A customer's message as Meta sends it (whatsapp.md 1.1)."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "34600000000", "phone_number_id": "4242"},
        "contacts": [{"profile": {"name": "Ana"}, "wa_id": number}],
        "messages": [{"from": number, "id": wamid, "timestamp": str(at), "type": "text", "text": {"body": text}}],
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "77", "changes": [{"field": "messages", "value": value}]}],
    }


def business(platform: Platform) -> dict:
    """A workplace with an owner, an employee, a number and three customers; gives sessions and ids."""
    made = platform.operate("workspace", "create", "--name", "Bloom", "--owner-email", OWNER, secret=PASSWORD)
    workspace = made["workspace_id"]
    platform.operate(
        "agent", "add", "--workspace", workspace, "--email", MARIA, "--name", "Maria", "--role", "employee",
        secret=PASSWORD,
    )
    platform.operate(
        "channel", "add", "--workspace", workspace, "--phone-number-id", "4242", "--waba-id", "77",
        "--display", "+34 600 000 000", secret="token",
    )
    owner = platform.sign_in(OWNER)
    now = int(platform.call("GET", "/v1/scope", owner["access_token"]).headers["Fieldline-Server-Time"]) // 1000
    for n in range(3):
        platform.webhook(customer(f"3460011122{n}", f"wamid.{n}", "hello", now))
    return {"workspace": workspace, "now": now, "owner": owner, "maria": platform.sign_in(MARIA)}
