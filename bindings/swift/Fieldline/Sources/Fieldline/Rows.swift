import FieldlineFFI
import Foundation

/// Snapshots of a view: the newest, then each newer one. A slow reader misses those between; it never sees an old one.
///
/// Each iteration pulls for itself. It ends with its task, with a `break`, and after ``Client/shutdown()``; in each case the
/// core's object is freed. The window keeps its size, so that whoever comes back sees as much as before.
public final class Rows<Snapshot: Sendable>: AsyncSequence, @unchecked Sendable {
    public typealias Element = Snapshot

    // `lock` holds what follows it. Not `Mutex`: it would ask for iOS 18.
    private let lock = NSLock()
    private var more: UInt32 = 0
    private var live: [ObjectIdentifier: Weak] = [:]
    private let open: @Sendable () -> Pulled<Snapshot>

    init(open: @escaping @Sendable () -> Pulled<Snapshot>) {
        self.open = open
    }

    /// Shows so many more rows of those that this phone holds. Nothing happens where a view has no window.
    public func widen(by rows: Int) {
        lock.withLock {
            let by = UInt32(clamping: rows)
            more = more.addingReportingOverflow(by).partialValue
            for weak in live.values { weak.view?.widen(by) }
        }
    }

    public func makeAsyncIterator() -> Iterator {
        lock.withLock {
            let view = open()
            live = live.filter { $0.value.view != nil }
            live[ObjectIdentifier(view)] = Weak(view: view)
            if more > 0 { view.widen(more) }
            return Iterator(view)
        }
    }

    private struct Weak {
        weak var view: Pulled<Snapshot>?
    }

    /// Pulls one snapshot after the other.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        private let view: Pulled<Snapshot>
        private var since: UInt64 = 0

        init(_ view: Pulled<Snapshot>) {
            self.view = view
        }

        public mutating func next() async throws -> Snapshot? {
            // The core is told: Swift does not give up a foreign call when its task is cancelled.
            let pulled = try await withTaskCancellationHandler {
                try await view.next(since)
            } onCancel: { [view] in
                view.cancel()
            }
            guard let pulled else { return nil }
            since = view.revision(pulled)
            return pulled
        }
    }
}

/// A view of the core, whichever it is: what the four generated classes have in common. It lives as long as its iterator.
final class Pulled<Snapshot: Sendable>: Sendable {
    let next: @Sendable (_ since: UInt64) async throws -> Snapshot?
    let revision: @Sendable (Snapshot) -> UInt64
    let widen: @Sendable (UInt32) -> Void
    let cancel: @Sendable () -> Void

    private init(
        next: @escaping @Sendable (UInt64) async throws -> Snapshot?,
        revision: @escaping @Sendable (Snapshot) -> UInt64,
        widen: @escaping @Sendable (UInt32) -> Void = { _ in },
        cancel: @escaping @Sendable () -> Void
    ) {
        self.next = next
        self.revision = revision
        self.widen = widen
        self.cancel = cancel
    }

    deinit { cancel() }
}

extension Pulled where Snapshot == InboxSnapshot {
    convenience init(_ view: InboxView) {
        self.init(
            next: { try await view.next(since: $0) }, revision: { $0.revision }, widen: { view.widen(more: $0) },
            cancel: { view.cancel() })
    }
}

extension Pulled where Snapshot == TimelineSnapshot {
    convenience init(_ view: TimelineView) {
        self.init(
            next: { try await view.next(since: $0) }, revision: { $0.revision }, widen: { view.widen(more: $0) },
            cancel: { view.cancel() })
    }
}

extension Pulled where Snapshot == OutboxSnapshot {
    convenience init(_ view: OutboxView) {
        self.init(next: { try await view.next(since: $0) }, revision: { $0.revision }, cancel: { view.cancel() })
    }
}

extension Pulled where Snapshot == StatusSnapshot {
    convenience init(_ view: StatusView) {
        self.init(next: { try await view.next(since: $0) }, revision: { $0.revision }, cancel: { view.cancel() })
    }
}
