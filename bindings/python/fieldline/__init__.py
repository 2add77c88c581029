"""Fieldline for Python: one client, views as async iterators, everything closed at exit.

    async with await fieldline.Client.open(store="phone.db", server="https://...", device_name="desk",
                                           secrets=fieldline.file_secrets("secrets")) as client:
        await client.sign_in("ana@example.org", password)
        await client.enter_foreground()
        async for snapshot in client.inbox():
            ...

Only this package sees what UniFFI generates (``fieldline_ffi``); its rows, words and errors are handed on as they are.
"""

from fieldline_ffi import (
    Account,
    Author,
    AuthorKind,
    BackgroundReason,
    BackgroundReport,
    Body,
    Choice,
    Discarded,
    FieldlineError,
    InboxRow,
    InboxSnapshot,
    LadderStep,
    LinkPreview,
    LinkState,
    NetworkKind,
    OutboxRow,
    OutboxSnapshot,
    Preview,
    QueuePause,
    Reason,
    SecretError,
    SecretStore,
    SignInTrouble,
    StatusSnapshot,
    StepTime,
    StopCause,
    StorageTrouble,
    TimelineRow,
    TimelineSnapshot,
    Trouble,
    Unsent,
    UnsentOnSignOut,
    WindowState,
    Withdrawal,
    file_secrets,
    live_objects,
    reason_id,
    version,
)

from .client import Client
from .view import GrowingView, View

__all__ = [
    "Account",
    "Author",
    "AuthorKind",
    "BackgroundReason",
    "BackgroundReport",
    "Body",
    "Choice",
    "Client",
    "Discarded",
    "FieldlineError",
    "GrowingView",
    "InboxRow",
    "InboxSnapshot",
    "LadderStep",
    "LinkPreview",
    "LinkState",
    "NetworkKind",
    "OutboxRow",
    "OutboxSnapshot",
    "Preview",
    "QueuePause",
    "Reason",
    "SecretError",
    "SecretStore",
    "SignInTrouble",
    "StatusSnapshot",
    "StepTime",
    "StopCause",
    "StorageTrouble",
    "TimelineRow",
    "TimelineSnapshot",
    "Trouble",
    "Unsent",
    "UnsentOnSignOut",
    "View",
    "WindowState",
    "Withdrawal",
    "file_secrets",
    "live_objects",
    "reason_id",
    "version",
]
