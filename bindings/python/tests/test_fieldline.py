"""What only the Python side can show: its exceptions, its event loop, its interpreter's end."""

import asyncio
import gc
import logging
import pathlib
import subprocess
import sys
import tempfile
import unittest

import fieldline

NOBODY = "http://127.0.0.1:1"


class Throwing(fieldline.SecretStore):
    """A key store with a fault that the core does not know of."""

    def get(self, name: str) -> bytes | None:
        raise RuntimeError("a customer's words")

    def set(self, name: str, secret: bytes) -> None:
        raise RuntimeError("a customer's words")

    def remove(self, name: str) -> None:
        raise RuntimeError("a customer's words")


class Locked(Throwing):
    """A key store before the first unlock."""

    def get(self, name: str) -> bytes | None:
        raise fieldline.SecretError.Locked()


class Held(fieldline.SecretStore):
    """A key store in memory."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self.held.get(name)

    def set(self, name: str, secret: bytes) -> None:
        self.held[name] = secret

    def remove(self, name: str) -> None:
        self.held.pop(name, None)


class Calls(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    async def open(self, secrets: fieldline.SecretStore | None = None, **given: str) -> fieldline.Client:
        options = {"store": self.folder / "phone.db", "server": NOBODY, "device_name": "desk"} | given
        return await fieldline.Client.open(secrets=secrets or Held(), **options)

    async def test_errors_are_exceptions_with_their_fields(self) -> None:
        with self.assertRaises(fieldline.FieldlineError.Invalid) as caught:
            await self.open(server="ftp://example.org")
        self.assertEqual(caught.exception.field, "server_url")
        async with await self.open() as client:
            with self.assertRaises(fieldline.FieldlineError.AlreadyOpen):
                await self.open()
            with self.assertRaises(fieldline.FieldlineError.NotFound):
                await client.send_reply("nowhere", "text", 0)
            with self.assertRaises(fieldline.FieldlineError.Invalid) as caught:
                await client.send_reply("nowhere", "x" * 4097, 0)
            self.assertEqual((caught.exception.field, caught.exception.limit), ("text", 4096))
            with self.assertRaises(fieldline.FieldlineError.Offline) as offline:
                await client.sign_in("ana@example.org", "a password")
            self.assertIsInstance(offline.exception, fieldline.FieldlineError)
            self.assertNotIn("password", str(offline.exception))

    async def test_a_key_store_may_throw(self) -> None:
        for store, trouble in ((Throwing(), "KEY"), (Locked(), "LOCKED")):
            with self.subTest(store=store):
                async with await self.open(store) as client:
                    with self.assertRaises(fieldline.FieldlineError.Storage) as caught:
                        await client.enter_foreground()
                    self.assertEqual(caught.exception.trouble, fieldline.StorageTrouble[trouble])
                    self.assertNotIn("customer", str(caught.exception))

    async def test_use_after_shutdown(self) -> None:
        client = await self.open()
        view = client.inbox()
        self.assertEqual((await anext(view)).rows, [])
        await client.shutdown()
        await client.shutdown()
        with self.assertRaises(fieldline.FieldlineError.Cancelled):
            await client.send_reply("nowhere", "text", 0)
        self.assertEqual([snapshot async for snapshot in view], [])
        self.assertEqual([snapshot async for snapshot in client.status()], [])

    async def test_a_cancelled_task_leaves_its_view_whole(self) -> None:
        async with await self.open() as client, client.status() as view:
            first = await anext(view)
            waiting = asyncio.create_task(anext(view))
            await asyncio.sleep(0)
            waiting.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await waiting
            await client.enter_foreground()
            self.assertGreater((await anext(view)).revision, first.revision)

    async def test_cancel_ends_a_waiting_loop(self) -> None:
        async with await self.open() as client:
            view = client.inbox()
            seen: list[fieldline.InboxSnapshot] = []

            async def loop() -> None:
                async for snapshot in view:
                    seen.append(snapshot)

            looping = asyncio.create_task(loop())
            while not seen:
                await asyncio.sleep(0)
            view.cancel()
            await looping
            self.assertEqual([snapshot.rows for snapshot in seen], [[]])

    async def test_nothing_leaks(self) -> None:
        gc.collect()
        before = fieldline.live_objects()
        for _ in range(5):
            client = await self.open()
            for view in (client.inbox(), client.outbox(), client.status(), client.timeline("nowhere")):
                await anext(view)
            await client.shutdown()
        self.assertGreater(fieldline.live_objects(), before)
        del client, view
        gc.collect()
        self.assertEqual(fieldline.live_objects(), before)

    async def refused(self, times: int) -> None:
        """So many records of the core's: a store that is open already refuses a second client."""
        client = await self.open()
        for _ in range(times):
            with self.assertRaises(fieldline.FieldlineError.AlreadyOpen):
                await self.open()
        await client.shutdown()

    async def test_the_core_logs_into_logging(self) -> None:
        logger = logging.getLogger("fieldline.test")
        fieldline.log_to(logger, fieldline.LogLevel.WARN)
        self.addCleanup(fieldline.stop_logging)
        with self.assertLogs(logger, logging.WARNING) as held:
            await self.refused(150)
            fieldline.stop_logging()
        self.assertEqual({record.getMessage() for record in held.records}, {"event=store_error code=already_open sqlite=0"})
        self.assertEqual(len(held.records), 150)
        self.assertTrue(all(record.pathname.startswith("fieldline_core") for record in held.records))
        self.assertEqual([record.created for record in held.records], sorted(record.created for record in held.records))
        await self.refused(1)
        self.assertEqual(len(held.records), 150)
        self.assertIsNone(fieldline.logging_trouble())

    async def test_a_handler_that_raises_is_switched_off(self) -> None:
        calls = 0

        class Broken(logging.Logger):
            def handle(self, record: logging.LogRecord) -> None:
                nonlocal calls
                calls += 1
                raise RuntimeError("a customer's words")

        fieldline.log_to(Broken("broken"))
        await self.refused(350)
        fieldline.stop_logging()
        self.assertEqual((calls, fieldline.logging_trouble()), (3, "RuntimeError"))

    async def test_words(self) -> None:
        self.assertEqual([fieldline.reason_id(reason) for reason in fieldline.Reason], [f"R{n}" for n in range(1, 17)])
        self.assertRegex(fieldline.version(), r"^\d+\.\d+\.\d+$")


# Ends with a client open, in the foreground, and a view that waits: what a careless program does.
CARELESS = """
import asyncio, sys
import fieldline

fieldline.log_to(level=fieldline.LogLevel.DEBUG)

async def main():
    client = await fieldline.Client.open(store=sys.argv[1] + "/phone.db", server="http://127.0.0.1:1", device_name="desk",
                                         secrets=fieldline.file_secrets(sys.argv[1] + "/secrets"))
    await client.enter_foreground()
    view = client.inbox()
    await anext(view)
    globals()["kept"] = (client, view, asyncio.create_task(anext(view)))
    await asyncio.sleep(0)
    print("ready")

asyncio.run(main())
"""


class End(unittest.TestCase):
    def test_the_interpreter_ends_cleanly_twenty_times(self) -> None:
        for number in range(20):
            with tempfile.TemporaryDirectory() as folder:
                ended = subprocess.run(
                    [sys.executable, "-c", CARELESS, folder], capture_output=True, text=True, timeout=60, check=False
                )
            with self.subTest(number=number):
                self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (0, "ready\n", ""))


if __name__ == "__main__":
    unittest.main()
