import Fieldline
import Foundation
import Testing

/// What the core logs reaches a sink, and a sink that throws harms nobody. In the one suite, because the logger is the process's.
extension BindingTests {
    @Test func aSinkTakesWhatTheCoreLogs() async throws {
        let sink = Kept()
        try startLogging(.warn, to: sink)
        try await refuse(150)
        stopLogging()
        let records = sink.records
        #expect(records.count == 150)
        #expect(Set(records.map(\.text)) == ["event=store_error code=already_open sqlite=0"])
        #expect(records.allSatisfy { $0.level == .warn && $0.target.hasPrefix("fieldline_core") })
        #expect(records.map(\.at) == records.map(\.at).sorted())
        try await refuse(1)
        #expect(sink.records.count == 150)
        #expect(loggingTrouble == nil)
    }

    @Test func aThrowingSinkIsSwitchedOff() async throws {
        let sink = Broken()
        try startLogging(.debug, to: sink)
        try await refuse(350)
        stopLogging()
        #expect(sink.calls == 3)
        #expect(loggingTrouble == "BrokenError")
    }

    @Test func theSystemsLogTakesAll() async throws {
        try startLogging(.warn)
        try await refuse(1)
        stopLogging()
        #expect(loggingTrouble == nil)
    }

    @Test func credentialsDoNotSayWhatTheyHold() {
        let credentials = Credentials.password(email: "ana@example.com", password: "a secret")
        var dumped = ""
        dump(credentials, to: &dumped)
        for said in ["\(credentials)", String(reflecting: credentials), dumped, "\([credentials])"] {
            #expect(!said.contains("secret") && !said.contains("ana"))
        }
    }

    /// So many records of the core's: a store that is open already refuses a second client.
    private func refuse(_ times: Int) async throws {
        let folder = try Folder()
        let secrets = MemorySecrets()
        let client = try await Client.open(folder.config(), secrets: secrets)
        for _ in 0..<times {
            await #expect(throws: FieldlineError.AlreadyOpen) {
                _ = try await Client.open(folder.config(), secrets: secrets)
            }
        }
        try await client.shutdown()
    }
}

private final class Kept: LogSink, @unchecked Sendable {
    private let lock = NSLock()
    private var kept: [LogRecord] = []

    var records: [LogRecord] { lock.withLock { kept } }

    func write(records: [LogRecord]) throws { lock.withLock { kept += records } }
}

private struct BrokenError: Error {
    let words = "a customer's words"
}

private final class Broken: LogSink, @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0

    var calls: Int { lock.withLock { count } }

    func write(records: [LogRecord]) throws {
        lock.withLock { count += 1 }
        throw BrokenError()
    }
}
