"""Views as async iterators: each step waits for something newer and gives the whole window."""

from collections.abc import Awaitable
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar


class Snapshot(Protocol):
    """What every snapshot has."""

    revision: int


S = TypeVar("S", bound=Snapshot)
S_co = TypeVar("S_co", bound=Snapshot, covariant=True)


class Pulled(Protocol[S_co]):
    """What UniFFI generates for a view."""

    def next(self, since: int) -> Awaitable[S_co | None]: ...

    def cancel(self) -> None: ...


class PulledMore(Pulled[S_co], Protocol[S_co]):
    """A view whose window grows."""

    def widen(self, more: int) -> None: ...


class View(Generic[S]):
    """One window of rows. Iterating never ends by itself: `cancel` and the client's shutdown end it.

    A task that is cancelled while it waits loses nothing; the next step goes on from what was seen last.
    """

    def __init__(self, pulled: Pulled[S]) -> None:
        self._pulled = pulled
        self._seen = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> S:
        snapshot = await self._pulled.next(self._seen)
        if snapshot is None:
            raise StopAsyncIteration
        self._seen = snapshot.revision
        return snapshot

    def cancel(self) -> None:
        """Ends the view: every waiting and later step ends its loop."""
        self._pulled.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()


class GrowingView(View[S]):
    """A view of which more can be shown."""

    def __init__(self, pulled: PulledMore[S]) -> None:
        super().__init__(pulled)
        self._growing = pulled

    def widen(self, more: int) -> None:
        """Shows so many more rows."""
        self._growing.widen(more)
