"""The client: the generated one with its views as async iterators, and closed at exit whatever happens."""

import asyncio
import atexit
import os
import weakref
from types import TracebackType
from typing import Self

import fieldline_ffi as ffi

from .view import GrowingView, View

# A native thread that calls into an interpreter on its way down aborts the process: whoever forgot `shutdown` gets it at exit.
_open: "weakref.WeakSet[Client]" = weakref.WeakSet()


def _shutdown_all() -> None:
    for client in list(_open):
        asyncio.run(client.shutdown())


atexit.register(_shutdown_all)


class Client:
    """One account on one server: the only long-lived object. All else is values, or views addressed by id.

    What a method does is on disk before it returns; once begun it completes even if its task is cancelled. Every method may
    raise `FieldlineError`. Times are milliseconds since 1970 UTC, ids are text.
    """

    def __init__(self, inner: ffi.FieldlineClient) -> None:
        """Use `open`."""
        self._inner = inner
        _open.add(self)

    @classmethod
    async def open(
        cls,
        *,
        store: str | os.PathLike[str],
        server: str,
        device_name: str,
        secrets: ffi.SecretStore,
        platform: str = "python",
        extra_roots_pem: str | None = None,
    ) -> Self:
        """Opens the store, making it if need be; its folder must exist. No network is used and none is waited for."""
        config = ffi.Config(
            store_path=os.fspath(store),
            server_url=server,
            device_name=device_name,
            platform=platform,
            extra_roots_pem=extra_roots_pem,
        )
        return cls(await ffi.FieldlineClient.open(config, secrets))

    async def shutdown(self) -> None:
        """Ends everything, closes the file and joins all threads. Later commands raise `Cancelled`, views end."""
        await self._inner.shutdown()
        _open.discard(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.shutdown()

    # --- views ---

    def inbox(self) -> GrowingView[ffi.InboxSnapshot]:
        """The conversation list."""
        return GrowingView(self._inner.inbox())

    def timeline(self, conversation: str) -> GrowingView[ffi.TimelineSnapshot]:
        """One conversation. An id that is not held gives an empty view that fills if it comes."""
        return GrowingView(self._inner.timeline(conversation))

    def outbox(self) -> View[ffi.OutboxSnapshot]:
        """Unsent work."""
        return View(self._inner.outbox())

    def status(self) -> View[ffi.StatusSnapshot]:
        """The link to the server."""
        return View(self._inner.status())

    def server_time(self) -> int:
        """The server's time as far as it is known, for countdowns."""
        return self._inner.server_time()

    # --- account ---

    async def account(self) -> ffi.Account | None:
        """Who is signed in, if anybody."""
        return await self._inner.account()

    async def preview_link_code(self, code: str) -> ffi.LinkPreview:
        """What a link code stands for, to be shown before the person says yes. Does not use it up."""
        return await self._inner.preview_link_code(code)

    async def sign_in(self, email: str, password: str) -> ffi.Account:
        """Signs in. After a session ended, the same member's outbox and rows are kept and go on."""
        return await self._inner.sign_in_by_password(email, password)

    async def sign_in_with_code(self, code: str) -> ffi.Account:
        """Signs in by a link code."""
        return await self._inner.sign_in_by_code(code)

    async def sign_out(self, unsent: ffi.UnsentOnSignOut) -> None:
        """Ends the session and forgets the account on this phone. With `KEEP`, unsent work makes it fail."""
        await self._inner.sign_out(unsent)

    # --- commands ---

    async def send_reply(self, conversation: str, body: str, seen_n: int) -> str:
        """Queues a reply and gives its id. `seen_n` is `last_n` of the timeline that its author looked at."""
        return await self._inner.send_reply(conversation, body, seen_n)

    async def quote_reply(self, conversation: str, message: str, body: str, seen_n: int) -> str:
        """`send_reply` that quotes `message` of the same conversation."""
        return await self._inner.quote_reply(conversation, message, body, seen_n)

    async def edit(self, message: str, body: str, seen_n: int) -> str:
        """Changes a reply that has not reached WhatsApp: a new command takes its place."""
        return await self._inner.edit(message, body, seen_n)

    async def send_anyway(self, message: str, seen_n: int) -> None:
        """The person's yes to a held reply or a refused one."""
        await self._inner.send_anyway(message, seen_n)

    async def discard(self, message: str) -> ffi.Discarded:
        """Throws away what has not left this phone."""
        return await self._inner.discard(message)

    async def withdraw(self, message: str) -> ffi.Withdrawal:
        """Takes a reply back, as long as nothing of it went towards WhatsApp."""
        return await self._inner.withdraw(message)

    async def let_pass(self, message: str) -> None:
        """Lets later replies of the conversation go before this one, which waits for a decision."""
        await self._inner.let_pass(message)

    async def settle_arrived(self, message: str) -> None:
        """The person found out that the customer has a message with an unknown outcome."""
        await self._inner.settle(message, ffi.Settlement.ARRIVED())

    async def settle_send_again(self, message: str, seen_n: int) -> None:
        """The person found out that the customer does not have it: sends a copy."""
        await self._inner.settle(message, ffi.Settlement.SEND_AGAIN(seen_n))

    async def mark_read(self, conversation: str, up_to_n: int) -> None:
        """Everything up to number `up_to_n` was on an unlocked screen."""
        await self._inner.mark_read(conversation, up_to_n)

    async def load_older(self, conversation: str) -> None:
        """Fetches what is missing in the middle, else the page of messages before the oldest held one."""
        await self._inner.load_older(conversation)

    # --- life ---

    async def enter_foreground(self) -> None:
        """The app is on the screen: open the file, listen, send."""
        await self._inner.enter_foreground()

    async def enter_background(self, deadline_ms: int) -> ffi.BackgroundReport:
        """The app left the screen: send what can still go in time, then close the file."""
        return await self._inner.enter_background(deadline_ms)

    async def run_background(self, reason: ffi.BackgroundReason, budget_ms: int) -> ffi.BackgroundReport:
        """The system gave the app time in the background: catch up, send, close the file again."""
        return await self._inner.run_background(reason, budget_ms)

    def network_changed(self, kind: ffi.NetworkKind) -> None:
        """The phone's network changed. Only a hint: nothing is believed without trying."""
        self._inner.network_changed(kind)

    async def try_now(self) -> None:
        """A person wants it now: no back-off is waited for."""
        await self._inner.try_now()
