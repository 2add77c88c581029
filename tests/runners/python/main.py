"""The Python runner of tests/scenarios/: each request is one call of the package; see the README there."""

import asyncio
import enum
import json
import re
import sys
from typing import Any

import fieldline

Answer = Any


class Unusable(Exception):
    """A request that cannot be carried out at all."""


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def to_json(value: Any) -> Answer:
    if isinstance(value, enum.Enum):
        return value.name.lower()
    if isinstance(value, list):
        return [to_json(entry) for entry in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    fields = {name: to_json(field) for name, field in vars(value).items()}
    # A variant with data is a class named after its type and itself.
    owner, _, variant = type(value).__name__.partition(".")
    return {"kind": variant.lower(), **fields} if variant else fields


def error_json(error: Exception) -> Answer:
    if isinstance(error, fieldline.FieldlineError):
        return {"code": snake(type(error).__name__), "details": to_json_fields(error)}
    return {"code": "runner", "details": {"what": f"{type(error).__name__}: {error}"}}


def to_json_fields(error: Exception) -> Answer:
    return {name: to_json(field) for name, field in vars(error).items()}


class Phone:
    """The client of one employee with the views that a scenario watches."""

    def __init__(self, client: fieldline.Client) -> None:
        self.client = client
        self.watched: dict[str, fieldline.View[Any]] = {}

    def view(self, kind: str, given: dict[str, Any]) -> fieldline.View[Any]:
        if kind == "timeline":
            return self.client.timeline(given["conversation"])
        return {"inbox": self.client.inbox, "outbox": self.client.outbox, "status": self.client.status}[kind]()

    async def carry_out(self, verb: str, given: dict[str, Any]) -> Any:
        client = self.client
        match verb:
            case "inbox" | "timeline" | "outbox" | "status":
                async with self.view(verb, given) as view:
                    return await anext(view, None)
            case "watch":
                self.watched[given["name"]] = self.view(given["view"], given)
                return None
            case "next":
                return await anext(self.watched[given["name"]], None)
            case "cancel":
                return self.watched[given["name"]].cancel()
            case "widen":
                view = self.watched[given["name"]]
                if not isinstance(view, fieldline.GrowingView):
                    raise Unusable("this view does not grow")
                return view.widen(given["more"])
            case "sign_in" if "link_code" in given:
                return await client.sign_in_with_code(given["link_code"])
            case "sign_out":
                return await client.sign_out(fieldline.UnsentOnSignOut[given["unsent"].upper()])
            case "run_background":
                reason = fieldline.BackgroundReason[given["reason"].upper()]
                return await client.run_background(reason, given["budget_ms"])
            case "network_changed":
                return client.network_changed(fieldline.NetworkKind[given["kind"].upper()])
            case "settle":
                if given["result"] == "arrived":
                    return await client.settle_arrived(given["message"])
                return await client.settle_send_again(given["message"], given["seen_n"])
            case (
                "account" | "preview_link_code" | "sign_in" | "enter_foreground" | "enter_background" | "try_now"
                | "shutdown" | "send_reply" | "quote_reply" | "edit" | "send_anyway" | "discard" | "withdraw"
                | "let_pass" | "mark_read" | "load_older"
            ):
                # The names of a scenario are those of the package.
                return await getattr(client, verb)(**given)
        raise Unusable(f"no such verb: {verb}")


class Runner:
    def __init__(self) -> None:
        self.phones: dict[str, Phone] = {}

    async def carry_out(self, request: dict[str, Any]) -> Any:
        who, verb, given = request["as"], request["do"], request.get("with") or {}
        if verb == "version":
            return fieldline.version()
        if verb == "open":
            secrets = fieldline.file_secrets(given.pop("secrets"))
            self.phones[who] = Phone(await fieldline.Client.open(secrets=secrets, **given))
            return None
        return await self.phones[who].carry_out(verb, given)

    async def answer(self, line: str) -> None:
        request = json.loads(line)
        try:
            answer = {"id": request["id"], "ok": to_json(await self.carry_out(request))}
        except Exception as error:  # whatever it is, the harness judges it
            answer = {"id": request["id"], "error": error_json(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    async def run(self) -> None:
        lines = asyncio.StreamReader(limit=1 << 20)
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        async with asyncio.TaskGroup() as tasks:
            while line := await lines.readline():
                tasks.create_task(self.answer(line.decode()))
            for phone in self.phones.values():
                await phone.client.shutdown()


if __name__ == "__main__":
    asyncio.run(Runner().run())
