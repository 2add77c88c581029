import Fieldline
import Testing

/// What only Swift needs proved; what all languages promise is in tests/scenarios. One after the other, because the count of live
/// objects is the process's.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct BindingTests {
    @Test func theVersionIsTheTrees() {
        #expect(Client.version.split(separator: ".").count == 3)
    }

    @Test func anErrorComesWithItsFields() async throws {
        let folder = try Folder()
        await #expect(throws: FieldlineError.Invalid(field: "server_url", limit: 0)) {
            _ = try await Client.open(folder.config(server: "http://example.org"), secrets: MemorySecrets())
        }
    }

    @Test func aStoreHasOneOwner() async throws {
        let folder = try Folder()
        let secrets = MemorySecrets()
        let first = try await Client.open(folder.config(), secrets: secrets)
        await #expect(throws: FieldlineError.AlreadyOpen) {
            _ = try await Client.open(folder.config(), secrets: secrets)
        }
        try await first.shutdown()
        try await Client.open(folder.config(), secrets: secrets).shutdown()
    }

    @Test func aThrowingKeyStoreIsAnErrorAndNoCrash() async throws {
        let folder = try Folder()
        let client = try await Client.open(folder.config(), secrets: BrokenSecrets())
        await #expect(throws: FieldlineError.Storage(trouble: .key)) { try await client.signOut(unsent: .delete) }
        try await client.shutdown()
    }

    @Test func aSequenceEndsWithShutdown() async throws {
        let folder = try Folder()
        let client = try await Client.open(folder.config(), secrets: MemorySecrets())
        let rows = client.status()
        let seen = Task {
            var count = 0
            for try await _ in rows { count += 1 }
            return count
        }
        var iterator = rows.makeAsyncIterator()
        #expect(try await iterator.next() != nil)
        try await client.shutdown()
        _ = try await seen.value
        #expect(try await iterator.next() == nil)
        await #expect(throws: FieldlineError.Cancelled) { try await client.tryNow() }
    }

    @Test func aCancelledTaskEndsItsSequence() async throws {
        let folder = try Folder()
        let client = try await Client.open(folder.config(), secrets: MemorySecrets())
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let reading = Task {
            for try await _ in client.outbox() { begin.yield() }
        }
        for await _ in begun { break }
        // Nothing will ever come: the outbox stays as it is.
        reading.cancel()
        _ = await reading.result
        try await client.shutdown()
    }

    @Test func nothingIsLeftBehind() async throws {
        #expect(await onlyLiving(0))
        let folder = try Folder()
        do {
            let client = try await Client.open(folder.config(), secrets: MemorySecrets())
            for _ in 0..<50 {
                for try await _ in client.inbox() { break }
                for try await _ in client.outbox() { break }
                var iterator = client.status().makeAsyncIterator()
                _ = try await iterator.next()
            }
            let held = client.inbox()
            held.widen(by: 10)
            #expect(liveObjects() <= 4)
            try await client.shutdown()
        }
        #expect(await onlyLiving(0))
    }

    /// A task lets go of what it held after whoever awaited it has gone on, so what earlier tests held may still be there.
    private func onlyLiving(_ wanted: UInt64) async -> Bool {
        while liveObjects() != wanted && !Task.isCancelled { await Task.yield() }
        return liveObjects() == wanted
    }
}
