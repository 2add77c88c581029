import Fieldline

/// One iteration over a view, whatever its rows.
protocol Watched: Sendable {
    func next() async throws -> Json
    nonisolated func widen(by rows: Int)
    func cancel() async
}

/// Keeps Swift's own iterator. `next` runs in a task, because cancelling the task is how Swift ends an iteration that waits.
actor Watcher<Snapshot: Sendable>: Watched {
    private let rows: Rows<Snapshot>
    private var iterator: Rows<Snapshot>.Iterator?
    private var waiting: Task<(Rows<Snapshot>.Iterator, Json), any Error>?

    init(_ rows: Rows<Snapshot>) {
        self.rows = rows
        iterator = rows.makeAsyncIterator()
    }

    func next() async throws -> Json {
        guard let begun = iterator else { return .null }
        let task = Task {
            var iterator = begun
            let snapshot = try await iterator.next()
            return (iterator, snapshot.map { shape($0) } ?? .null)
        }
        waiting = task
        let (moved, answer) = try await task.value
        // Unless it was cancelled meanwhile.
        if iterator != nil { iterator = moved }
        return answer
    }

    nonisolated func widen(by more: Int) { rows.widen(by: more) }

    func cancel() {
        waiting?.cancel()
        iterator = nil
    }
}
