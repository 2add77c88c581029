"""Loaded by schemathesis: puts what a phone really knows into some of the generated calls, so that they get behind the door.

Generated ids, epochs, cursors and signatures are never the right ones, and a run of refusals would promise little. Which calls are
helped is decided by their own content, so a seed plays the same. What came back is counted by operation, for main.py.
"""

import atexit
import collections
import hashlib
import hmac
import json
import os
import pathlib
import uuid
import zlib

import schemathesis

KNOWN = json.loads(pathlib.Path(os.environ["FIELDLINE_OPENAPI_KNOWN"]).read_text(encoding="utf-8"))
COUNTS = pathlib.Path(os.environ["FIELDLINE_OPENAPI_COUNTS"])
READY = [{"type": "BODY", "text": "Your order is ready."}]
counts: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)


def draw(case, name: str) -> int:
    """A number that depends on the call and the name alone."""
    # The tool's mark for "no body" shows where it lies in memory.
    body = None if type(case.body).__name__ == "NotSet" else case.body
    said = repr((name, case.method, case.path, case.path_parameters, case.query, sorted((case.headers or {}).items()), body))
    return zlib.crc32(said.encode("utf-8", "replace"))


def one(case, kind: str, name: str) -> str | None:
    ids = KNOWN["ids"].get(kind) or []
    if kind == "contacts" and case.method == "DELETE":
        # The last two are left for merging.
        ids = ids[:-2]
    return ids[draw(case, name) % len(ids)] if ids else None


def help_command(case, command: dict, index: int) -> None:
    """Ids that are there, in three of four commands."""
    chance = draw(case, f"command {index}")
    if chance % 4 == 0:
        return
    command["id"] = str(uuid.UUID(int=chance << 64 | draw(case, f"id {index}") << 16 | index, version=4))
    for field in ("at", "based_on_n", "up_to_n", "until"):
        # The document says int64; the tool's numbers know no end.
        if isinstance(command.get(field), int):
            command[field] = abs(command[field]) % 1000
    for field in ("new_id", "message_id"):
        if isinstance(command.get(field), str):
            command[field] = str(uuid.UUID(int=chance << 64 | draw(case, f"{field} {index}") << 16 | index, version=4))
    for field, kind in (("conversation", "conversations"), ("message", "messages"), ("contact", "contacts"), ("channel", "channels")):
        if isinstance(command.get(field), str):
            command[field] = one(case, kind, f"{field} {index}") or command[field]


def good_commands(case) -> list[dict]:
    """One of each kind that makes sense in any state, and of those that need one: what waits for a yes, what nobody knows of."""
    conversation, contact, channel = (one(case, kind, "good") for kind in ("conversations", "contacts", "channels"))
    nobody = {"kind": "none"}

    def pick(state: str) -> str:
        return KNOWN[state][draw(case, state) % len(KNOWN[state])]

    wishes = [
        {"kind": "send", "conversation": conversation, "body": {"kind": "text", "text": "Yes, until eight."}, "based_on_n": 1000},
        {"kind": "withdraw", "message": str(uuid.UUID(int=draw(case, "withdrawn"), version=4))},
        {"kind": "read", "conversation": conversation, "up_to_n": 1000},
        {"kind": "note", "conversation": conversation, "body": {"kind": "note", "text": "A regular."}},
        {"kind": "react", "message": one(case, "messages", "good"), "emoji": "👍"},
        {"kind": "label", "conversation": conversation, "add": [], "remove": []},
        {"kind": "status", "conversation": conversation, "was": "open", "to": "open"},
        {"kind": "assign", "conversation": conversation, "was": nobody, "to": nobody},
        {"kind": "take_over", "conversation": conversation},
        {"kind": "hand_back", "conversation": conversation},
        {"kind": "shift", "on": True},
        {"kind": "owner_app_opened", "channel": channel},
        {"kind": "edit_contact", "contact": contact, "field": "language", "to": "de"},
        {"kind": "release", "message": pick("held"), "based_on_n": 1000},
        {"kind": "pass", "message": pick("unknown")},
        {"kind": "settle", "message": pick("unknown"), "result": "arrived"},
        {
            **{"kind": "start_conversation", "channel": channel, "phone": f"346{draw(case, 'phone') % 100_000_000:08}"},
            **{"template": KNOWN["approved"], "message_id": str(uuid.UUID(int=draw(case, "first"), version=4))},
        },
    ]
    for index, wish in enumerate(wishes):
        wish |= {"id": str(uuid.UUID(int=draw(case, "good") << 32 | index, version=4)), "at": 0}
    return wishes


def help_body(case) -> None:
    body = case.body
    if not isinstance(body, dict):
        return
    path, chance = case.path, draw(case, "body")
    if path == "/v1/commands" and chance % 8:
        body["epoch"] = KNOWN["epoch"]
        if chance % 8 == 1 and body.get("commands"):
            body["commands"] = good_commands(case)
            return
        for index, command in enumerate(body.get("commands") or []):
            if isinstance(command, dict):
                help_command(case, command, index)
    elif path == "/v1/session" and chance % 8 == 1:
        case.body = dict(KNOWN["signer"])
    elif path == "/v1/session/preview" and (chance % 4 == 1 or sum(counts[f"POST {path}"].values()) < 3):
        body["link_code"] = KNOWN["link_code"]
    elif path == "/v1/office/password" and isinstance(body.get("password"), str) and body["password"]:
        # The same as before: the person signs in again.
        body["password"] = KNOWN["signer"]["password"]
    elif path == "/v1/session/refresh" and chance % 4 == 1:
        body["refresh_token"] = KNOWN["refresh_token"]


def good_body(case) -> dict | None:
    """A body that makes sense, where no schema says what does (a name that is free, a contact that is there)."""
    number = draw(case, "good") % 100_000
    # Always the same two: merging and erasing must not use up all contacts.
    first, second = KNOWN["ids"]["contacts"][-2:]
    return {
        "POST /v1/office/members": {"name": "Guest", "email": f"guest{number}@guests.test", "role": "employee"},
        "PATCH /v1/office/members/{id}": {"name": f"Guest {number}"},
        "POST /v1/office/teams": {"name": f"Team {number}", "members": []},
        "PATCH /v1/office/teams/{id}": {"name": f"Team {number}"},
        "POST /v1/office/labels": {"name": f"Label {number}", "colour": "red"},
        "PATCH /v1/office/labels/{id}": {"colour": "blue"},
        "POST /v1/office/quick-replies": {"shortcut": f"hi{number}", "text": "Good morning"},
        "PATCH /v1/office/quick-replies/{id}": {"text": "Good evening"},
        "POST /v1/office/templates": {"name": f"ready_{number}", "language": "en_US", "kind": "utility", "components": READY},
        "POST /v1/office/templates/{id}": {"components": READY},
        "POST /v1/office/channels/{id}/sync": {"type": "contacts"},
        "POST /v1/office/contacts/merge": {"from": first, "into": second},
        "POST /v1/wiped": {"wipe_token": KNOWN["wipe_token"]},
        "PUT /v1/devices/{id}/push": {"kind": "fcm", "address": f"token-{number}", "account_tag": "bloom"},
    }.get(f"{case.method} {case.path}")


def help_file(case, chance: int) -> None:
    """The hash of what is sent, in the place where it belongs."""
    content = b"a file of a few bytes"
    if case.method == "PUT" and chance % 2:
        case.body = content
        case.headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "content-range"}
        case.query = {}
    if case.method == "GET":
        case.path_parameters["id"] = one(case, "media", "id")
    else:
        case.path_parameters["id"] = hashlib.sha256(content).hexdigest()


@schemathesis.hook
def before_call(ctx, case, kwargs):
    help_body(case)
    chance = draw(case, "rest")
    if isinstance(case.body, dict) and chance % 2:
        case.body = good_body(case) or case.body
    kind = case.path.split("/{id}")[0].rsplit("/", 1)[-1]
    # The tool learns ids from answers; these must not end the session of whoever calls.
    chance += kind in ("devices", "members") and chance % 3 == 0
    # The first are helped in any case: each operation has to be done once.
    early = kind == "media" and sum(counts[f"{case.method} {case.path}"].values()) < 4
    if case.path_parameters and "id" in case.path_parameters and (chance % 3 or early):
        if kind == "media":
            help_file(case, chance)
        elif case.path == "/v1/devices/{id}/push":
            case.path_parameters["id"] = KNOWN["device"]["id"]
        else:
            case.path_parameters["id"] = one(case, kind, "id") or case.path_parameters["id"]
    if case.query and "after" in case.query and chance % 2:
        del case.query["after"]
    if case.path == "/v1/changes" and case.query and chance % 3:
        case.query["since"] = KNOWN["cursor"]
    if case.path == "/webhooks/meta" and chance % 2:
        if case.method == "GET":
            case.query = {"hub.mode": "subscribe", "hub.verify_token": KNOWN["verify_token"], "hub.challenge": "12"}
        else:
            body = json.dumps({"object": "whatsapp_business_account", "entry": []}).encode()
            signature = hmac.new(KNOWN["app_secret"].encode(), body, hashlib.sha256).hexdigest()
            case.body = body
            case.headers = {**(case.headers or {}), "X-Hub-Signature-256": f"sha256={signature}"}


@schemathesis.hook
def filter_failure(ctx, failure, case, response):
    """A 503 that says that Meta does not answer is no fault of ours; it is in the document."""
    if response is None or response.status_code != 503:
        return True
    return b'"meta_unavailable"' not in response.content


@schemathesis.hook
def after_call(ctx, case, response):
    counts[f"{case.method} {case.path}"][response.status_code] += 1
    if case.path == "/v1/session/refresh" and response.status_code == 200:
        KNOWN["refresh_token"] = response.json()["refresh_token"]
    if case.path == "/v1/commands" and response.status_code == 200 and isinstance(case.body, dict):
        for command, answer in zip(case.body.get("commands", []), response.json()["answers"], strict=False):
            counts[f"command {command.get('kind')}"][f"{answer['outcome']} {answer.get('code', '')}".strip()] += 1


@atexit.register
def write() -> None:
    COUNTS.write_text(json.dumps(counts), encoding="utf-8")
