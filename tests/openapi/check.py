"""Holds docs/openapi.json to a real platform process.

    $(tests/openapi/prepare) tests/openapi/check.py target/debug/fieldline-platform

1. Each operation is played once by hand, with everything in it; each answer must fit its schema, in a strict reading
   in which what the schema does not name may not stand there.
2. Schemathesis makes calls of each operation from the document, valid ones and broken ones; no answer may be a 5xx,
   and each must keep what the document promises: status, content type, headers, schema.
"""

import copy
import hashlib
import json
import os
import pathlib
import sys
import uuid

import hypothesis
import jsonschema_rs
import requests
import schemathesis
from hypothesis import strategies
from schemathesis import checks
from schemathesis.generation import GenerationMode

import stage

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
EXAMPLES = int(os.environ.get("FIELDLINE_OPENAPI_EXAMPLES", "12"))
# What only Meta can answer well; the calls made from the document are answered `meta_unavailable`.
META = {
    ("post", "/v1/office/templates"), ("post", "/v1/office/templates/refresh"),
    ("post", "/v1/office/templates/{id}"), ("delete", "/v1/office/templates/{id}"),
}
# What ends the session that the calls are made with.
ENDS = {("delete", "/v1/session")}


def wait_for(what, tries: int = 200):
    """Asks until there is something; each try is a call that takes its time."""
    for _ in range(tries):
        found = what()
        if found:
            return found
    raise AssertionError("it never came")


# --- 1. by hand ---------------------------------------------------------------------------------------------------


def strict(schema: object) -> object:
    """The schema with nothing allowed that it does not name."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(part) for name, part in schema.items()}
    if "properties" in made and "additionalProperties" not in made and "$ref" not in made:
        made["additionalProperties"] = False
    return made


class Played:
    """Calls by hand; each answer is held to the strict schema."""

    def __init__(self, platform: stage.Platform) -> None:
        self.platform = platform
        self.schemas = strict(copy.deepcopy(DOCUMENT["components"]["schemas"]))
        self.called: set[tuple[str, str]] = set()

    def __call__(self, method: str, path: str, token: str | None = None, body: object = None, **ids: str) -> object:
        operation = DOCUMENT["paths"][path][method]
        asked, _, query = path.format(**{k: v for k, v in ids.items() if "{" + k + "}" in path}).partition("?")
        rest = "&".join(f"{k}={v}" for k, v in ids.items() if "{" + k + "}" not in path)
        answer = self.platform.call(method.upper(), asked + (f"?{rest}" if rest else ""), token, body)
        described = operation["responses"].get(str(answer.status_code))
        assert described, f"{method} {path}: {answer.status_code} is not in the document: {answer.text}"
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        self.called.add((method, path))
        if "content" not in described:
            assert answer.content == b"", f"{method} {path}: an answer that the document does not know"
            return None
        schema = described["content"]["application/json"]["schema"]
        whole = strict(copy.deepcopy(schema)) | {"components": {"schemas": self.schemas}}
        fault = next(iter(jsonschema_rs.validator_for(whole).iter_errors(answer.json())), None)
        assert fault is None, f"{method} {path}: {fault}"
        return answer.json()


    def raw(self, method: str, path: str, token: str, status: int, **how: object) -> requests.Response:
        """A call that takes or gives bytes."""
        asked = path.format(id=how.pop("id"))
        headers = {**stage.CLIENT, "Authorization": f"Bearer {token}", **how.pop("headers", {})}
        url = self.platform.url + asked
        answer = requests.request(method.upper(), url, headers=headers, timeout=30, **how)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        assert str(status) in DOCUMENT["paths"][path][method]["responses"], f"{method} {path}: {status}"
        self.called.add((method, path))
        return answer


def play(platform: stage.Platform, world: dict) -> Played:
    call = Played(platform)
    owner, maria = world["owner"]["access_token"], world["maria"]["access_token"]
    start = wait_for(lambda: (page := call("get", "/v1/bootstrap", owner))["conversations"] and page)
    conversations = [c["id"] for c in start["conversations"]]
    contacts = [c["id"] for c in start["contacts"]]
    epoch, cursor = start["epoch"], start["cursor"]
    label = call("post", "/v1/office/labels", owner, {"name": "VIP", "colour": "red"})["id"]
    call("patch", "/v1/office/labels/{id}", owner, {"colour": "#00ff00"}, id=label)
    call("get", "/v1/office/labels", owner)
    member = world["maria"]["member"]["id"]
    team = call("post", "/v1/office/teams", owner, {"name": "Orders", "members": [member]})["id"]
    call("patch", "/v1/office/teams/{id}", owner, {"name": "All orders"}, id=team)
    call("get", "/v1/office/teams", owner)
    reply = {"shortcut": "hi", "text": "Hi {{customer_name|there}}", "language": "en"}
    quick = call("post", "/v1/office/quick-replies", owner, reply)["id"]
    call("patch", "/v1/office/quick-replies/{id}", owner, {"text": "Hello"}, id=quick)
    call("get", "/v1/office/quick-replies", owner, limit="10")

    def command(kind: str, **fields: object) -> dict:
        return {"id": str(uuid.uuid4()), "at": 0, "kind": kind, **fields}

    nobody, first = {"kind": "none"}, conversations[0]
    commands = [
        command("send", conversation=first, body={"kind": "text", "text": "hi"}, based_on_n=1),
        command("note", conversation=first, body={"kind": "note", "text": "a note"}),
        command("label", conversation=first, add=[label]),
        command("label", contact=contacts[0], add=[label]),
        command("status", conversation=first, was="open", to="snoozed", until=world["now"] * 1000 + 86_400_000),
        command("assign", conversation=first, was=nobody, to={"kind": "team", "id": team}),
        command("assign", conversation=conversations[1], was=nobody, to={"kind": "ai"}),
        command("take_over", conversation=conversations[1]),
        command("hand_back", conversation=conversations[1]),
        command("shift", on=False),
        command("owner_app_opened", channel=start["channels"][0]["id"]),
        command("edit_contact", contact=contacts[0], field="name", was="Ana", to="Ana P."),
        command("edit_contact", contact=contacts[0], field="language", to="es"),
        command("read", conversation=first, up_to_n=1),
        command("dance"),
    ]
    body = {"epoch": epoch, "commands": commands, "unsent": 2}
    outcomes = [answer["outcome"] for answer in call("post", "/v1/commands", owner, body)["answers"]]
    assert outcomes == ["done"] * (len(commands) - 1) + ["refused"], outcomes
    call("post", "/v1/messages/known", owner, {"ids": [commands[0]["id"], str(uuid.uuid4())]})
    call("get", "/v1/changes", owner, since=cursor)
    call("get", "/v1/scope", owner)
    page = call("get", "/v1/bootstrap", owner)
    while page.get("next_page"):
        page = call("get", "/v1/bootstrap", owner, page=page["next_page"])
    call("get", "/v1/conversations/{id}/messages", owner, id=first, limit="50")
    push = {"kind": "web_push", "address": "https://push.test/x", "account_tag": "work"}
    call("put", "/v1/devices/{id}/push", owner, push, id=world["owner"]["device"])
    call("delete", "/v1/devices/{id}/push", owner, id=world["owner"]["device"])
    picture = b"\x89PNG\r\n" + bytes(200)
    sha256 = hashlib.sha256(picture).hexdigest()
    span = {"Content-Range": f"bytes 0-{len(picture) - 1}/{len(picture)}"}
    put = {"id": sha256, "data": picture, "headers": span, "params": {"type": "image"}}
    call.raw("put", "/v1/media/{id}", owner, 204, **put)
    told = call.raw("head", "/v1/media/{id}", owner, 200, id=sha256)
    assert told.headers["Upload-Offset"] == str(len(picture))
    file = {"kind": "media", "mime": "image/png", "size": len(picture), "sha256": sha256}
    sent = command("send", conversation=conversations[1], body=file, based_on_n=9)
    body = {"epoch": epoch, "commands": [sent]}
    assert call("post", "/v1/commands", owner, body)["answers"][0]["outcome"] == "done"
    assert call.raw("get", "/v1/media/{id}", owner, 200, id=sent["id"]).content == picture
    part = call.raw("get", "/v1/media/{id}", owner, 206, id=sent["id"], headers={"Range": "bytes=0-3"})
    assert part.content == picture[:4]
    call("get", "/v1/office/templates", owner)
    call("post", "/v1/office/channels/{id}/resume", owner, id=start["channels"][0]["id"])
    call("get", "/v1/office/workspace", owner)
    call("patch", "/v1/office/workspace", owner, {"options": {"lock_screen": "nothing"}, "greeting_texts": ["Closed"]})
    call("post", "/v1/office/workspace/preview", owner, {"members_see_unassigned": False})
    hours = {
        "time_zone": "Europe/Madrid", "week": [{"day": "monday", "from": "09:00", "to": "18:00"}],
        "holidays": [{"date": "2026-12-25"}], "outside": {"kind": "text", "text": "Closed"},
    }
    call("put", "/v1/office/hours", owner, hours)
    call("get", "/v1/office/hours", owner)
    call("get", "/v1/office/rights", owner)
    call("put", "/v1/office/rights", owner, {"employee": ["answer", "note", "label", "assign"]})
    call("get", "/v1/office/members", owner)
    invited = call("post", "/v1/office/members", owner, {"name": "O", "email": "o@e.test", "role": "employee"})
    omar = invited["member"]["id"]
    code = call("post", "/v1/office/members/{id}/link-code", owner, id=omar)["link_code"]
    call("post", "/v1/session/preview", body={"link_code": code})
    device = {"id": str(uuid.uuid4()), "name": "O's", "platform": "test"}
    session = call("post", "/v1/session", body={"link_code": code, "device": device})
    session = call("post", "/v1/session/refresh", body={"refresh_token": session["refresh_token"]})
    call("put", "/v1/office/password", session["access_token"], {"password": "long enough"})
    call("patch", "/v1/office/members/{id}", owner, {"role": "manager"}, id=omar)
    call("get", "/v1/office/devices", owner, member=omar)
    call("post", "/v1/office/devices/{id}/revoke", owner, id=device["id"])
    told = platform.call("GET", "/v1/scope", session["access_token"]).json()["error"]
    call("post", "/v1/wiped", body={"wipe_token": told["details"]["wipe_token"]})
    call("get", "/v1/office/devices", owner)
    call("delete", "/v1/office/members/{id}", owner, id=omar)
    change = {"kind": "label", "add": [label]}
    call("post", "/v1/office/bulk", owner, {"conversations": conversations, "change": change})
    call("get", "/v1/office/contacts", owner, q="ana")
    call("get", "/v1/office/contacts/{id}/export", owner, id=contacts[0])
    call("post", "/v1/office/contacts/merge", owner, {"from": contacts[2], "into": contacts[1]})
    call("delete", "/v1/office/contacts/{id}", owner, id=contacts[1])
    call("get", "/v1/office/audit", owner, limit="20")
    call("get", "/v1/changes", owner, since=cursor)
    call("delete", "/v1/office/quick-replies/{id}", owner, id=quick)
    call("delete", "/v1/office/teams/{id}", owner, id=team)
    call("delete", "/v1/office/labels/{id}", owner, id=label)
    call("delete", "/v1/session", maria)
    return call


# --- 2. from the document -----------------------------------------------------------------------------------------


class Pool:
    """Ids of real things, so that not every call ends at 404."""

    def __init__(self, platform: stage.Platform, token: str) -> None:
        def ids(path: str, name: str) -> list[str]:
            return [thing["id"] for thing in platform.call("GET", path, token).json()[name]]

        for n in range(6):
            platform.call("POST", "/v1/office/labels", token, {"name": f"label {n}"})
            platform.call("POST", "/v1/office/teams", token, {"name": f"team {n}"})
            platform.call("POST", "/v1/office/quick-replies", token, {"shortcut": f"s{n}", "text": "t"})
        self.pools = {
            "/v1/conversations/{id}": ids("/v1/bootstrap", "conversations"),
            "/v1/office/members/{id}": [i for i in ids("/v1/office/members", "members")],
            "/v1/office/devices/{id}": [],
            "/v1/office/teams/{id}": ids("/v1/office/teams", "teams"),
            "/v1/office/labels/{id}": ids("/v1/office/labels", "labels"),
            "/v1/office/quick-replies/{id}": ids("/v1/office/quick-replies", "quick_replies"),
            "/v1/office/contacts/{id}": ids("/v1/office/contacts", "contacts"),
        }

    def of(self, path: str) -> list[str]:
        return next((ids for prefix, ids in self.pools.items() if path.startswith(prefix)), [])


CHECKS = [checks.not_a_server_error] + [
    getattr(checks, name)
    for name in (
        "status_code_conformance", "content_type_conformance", "response_headers_conformance",
        "response_schema_conformance",
    )
]


def generate(platform: stage.Platform, token: str) -> tuple[list[str], int]:
    schema = schemathesis.openapi.from_dict(copy.deepcopy(DOCUMENT))
    pool, faults, calls = Pool(platform, token), [], 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if (operation.method, operation.path) in ENDS:
            continue
        cases = strategies.one_of(
            operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
            operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        )
        ids = pool.of(operation.path)

        @hypothesis.settings(
            max_examples=EXAMPLES, database=None, derandomize=True, deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=cases, real=strategies.sampled_from([None, *ids]))
        def run(case, real) -> None:
            nonlocal calls
            calls += 1
            if real and "id" in case.path_parameters:
                case.path_parameters["id"] = real
            # The session is ours; what the tool would write there is a stranger's token.
            headers = {"Authorization": f"Bearer {token}"} if operation.security_is_needed else {}
            response = case.call(base_url=platform.url, headers=headers, timeout=30)
            # Nobody plays Meta here, and the document says how that is answered: it is no fault of the platform's.
            away = response.status_code == 503 and '"meta_unavailable"' in response.text
            case.validate_response(response, checks=CHECKS[1:] if away else CHECKS)

        operation.security_is_needed = bool(DOCUMENT["paths"][operation.path][operation.method]["security"])
        try:
            run()
        except BaseException as fault:  # noqa: BLE001 - a group of failures, or one
            if isinstance(fault, KeyboardInterrupt):
                raise
            faults.append(f"{operation.label}: {fault}")
    return faults, calls


def main() -> int:
    passed, faults = 0, []
    with stage.Platform(sys.argv[1]) as platform:
        world = stage.business(platform)
        call = play(platform, world)
        missing = {
            (method, path) for path, operations in DOCUMENT["paths"].items() for method in operations
        } - call.called - META
        if missing:
            faults.append(f"not played: {sorted(missing)}")
        passed += len(call.called)
    # A fresh one: what was played may have emptied it.
    with stage.Platform(sys.argv[1]) as platform:
        world = stage.business(platform)
        token = world["owner"]["access_token"]
        wait_for(lambda: len(platform.call("GET", "/v1/bootstrap", token).json()["conversations"]) == 3)
        broken, calls = generate(platform, token)
        faults += broken
        faults += [f"logged: {line}" for line in platform.errors()]
        # The session still stands: the calls were made by somebody who is signed in.
        assert platform.call("GET", "/v1/scope", token).ok
        total = sum(len(operations) for operations in DOCUMENT["paths"].values()) - len(ENDS)
        passed += total - len(broken)
        print(f"{calls} calls of {total} operations")
    for fault in faults:
        print(f"FAILED {fault}")
    print(f"openapi: {passed} passed, {len(faults)} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
