import Fieldline
import Foundation
import Observation
import Testing

@testable import FieldlineKit

/// Secrets that end with the test.
final class MemorySecrets: SecretStore, @unchecked Sendable {
    private let lock = NSLock()
    private var kept: [String: Data] = [:]

    func get(name: String) throws -> Data? { lock.withLock { kept[name] } }
    func set(name: String, secret: Data) throws { lock.withLock { kept[name] = secret } }
    func remove(name: String) throws { lock.withLock { kept[name] = nil } }
}

/// English, as a phone in Madrid writes it.
let wording = Wording(
    words: Words(preferred: ["en"], locale: Locale(identifier: "en_GB")),
    times: Times(locale: Locale(identifier: "en_GB"), zone: TimeZone(identifier: "Europe/Madrid")!))

/// Waits until what the models show meets the condition: woken by each change, never by a clock. The test's time limit ends it, and
/// then it says which wait was in vain. What holds before anything was drawn waits for nothing: ask for something that has to come.
@MainActor
func until(
    _ condition: @escaping @MainActor () -> Bool, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    while true {
        let (changes, changed) = AsyncStream.makeStream(of: Void.self)
        let met = withObservationTracking(condition) { changed.yield() }
        if met { return }
        for await _ in changes { break }
        if Task.isCancelled {
            Issue.record("waited in vain", sourceLocation: sourceLocation)
            throw CancellationError()
        }
    }
}

/// The hand that holds ana's phone: opens it, signs in, looks, types.
@MainActor
final class Hand {
    let phone: Phone
    private var screens: [Task<Void, Never>] = []

    init(_ employee: World.Employee, secrets: MemorySecrets = MemorySecrets()) async {
        phone = Phone(
            folder: URL(fileURLWithPath: employee.folder), deviceName: "Ana's phone", secrets: secrets, wording: wording
        )
        await phone.start()
        await phone.enterForeground()
    }

    struct NotThere: Error {}

    var signIn: SignInModel {
        get throws {
            guard case .signIn(let model) = phone.screen else { throw NotThere() }
            return model
        }
    }

    var work: WorkModel {
        get throws {
            guard case .work(let model) = phone.screen else { throw NotThere() }
            return model
        }
    }

    /// Signs in and stays on the list until it shows something.
    func signIn(_ employee: World.Employee) async throws -> WorkModel {
        let form = try signIn
        form.server = employee.server
        form.email = employee.email
        form.password = employee.password
        await form.proceed()
        return try await list()
    }

    func list() async throws -> WorkModel {
        let work = try work
        screens.append(Task { await work.run() })
        try await until { !work.inbox.rows.isEmpty }
        return work
    }

    /// Opens the first conversation.
    func open(_ work: WorkModel) async throws -> ConversationModel {
        work.open(work.inbox.rows[0].id)
        guard let chat = work.conversation else { throw NotThere() }
        screens.append(Task { await chat.run() })
        try await until { !chat.bubbles.isEmpty }
        return chat
    }

    /// Takes the network away and waits until the phone has noticed. Before that a reply may leave into the dark, and is not this
    /// phone's alone any more.
    func loseNetwork(_ world: World, _ work: WorkModel, _ chat: ConversationModel) async throws {
        try await until { chat.composer.sendTitle == "Send" }
        try world.network(false)
        try await until { chat.composer.sendTitle == "Send when online" && work.health?.tone == .amber }
    }

    /// Every screen ends by itself.
    func putAway() async {
        await phone.shutdown()
        for screen in screens { await screen.value }
    }
}
