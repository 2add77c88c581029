import Fieldline
import Observation

/// E6: everything that is not at WhatsApp yet.
@MainActor @Observable
public final class OutboxModel {
    /// "Needs you" first, as the core orders them.
    public private(set) var sections: [OutboxSection] = []
    public private(set) var pause: Label?
    public private(set) var isLoading = true
    public private(set) var count = 0
    public private(set) var needsMe = 0
    /// Why the last action did not work.
    public var failure: String?

    public var words: Words { wording.words }

    @ObservationIgnored private let client: Client
    @ObservationIgnored private let wording: Wording
    @ObservationIgnored private let view: Rows<OutboxSnapshot>
    @ObservationIgnored private var snapshot: OutboxSnapshot?

    init(client: Client, wording: Wording) {
        self.client = client
        self.wording = wording
        view = client.outbox()
    }

    /// Known to be: before the first look nothing is said to have been sent.
    public var isEmpty: Bool { count == 0 && !isLoading }

    /// The button that leads here.
    public var openTitle: String {
        if isLoading { return words.outboxTitle }
        return isEmpty ? words.outboxOpenEmpty : words.outboxOpen(count: count)
    }

    /// Draws until the task ends or the client is shut down.
    public func run() async {
        let error = await follow(view) { [self] in
            snapshot = $0
            draw()
        }
        if let error { failure = wording.failure(error) }
    }

    /// Time went on.
    public func tick() { draw() }

    public func tryNow() async { await attempt { try await client.tryNow() } }

    /// Carries out what a line offers. `edit` and what asks for a look at the conversation is done there: the id is answered to open.
    public func perform(_ choice: Choice, on line: CommandId) async -> ConversationId? {
        guard let row = snapshot?.rows.first(where: { $0.key == line }) else { return nil }
        switch choice {
        // A yes compares with what its author has seen, and here nothing of the conversation is shown.
        case .edit, .sendAnyway, .sendAgain: return row.conversation
        default: await attempt { try await carryOut(choice, on: line, seenN: 0, with: client) }
        }
        return nil
    }

    private func attempt(_ work: () async throws -> Void) async {
        failure = nil
        do {
            try await work()
        } catch {
            failure = wording.failure(error)
        }
    }

    private func draw() {
        guard let snapshot else { return }
        let now = client.serverTime
        isLoading = false
        // That something was read is not what a person means by unsent.
        let unsent = snapshot.rows.filter { $0.kind != "read" }
        count = unsent.count
        needsMe = Int(snapshot.needsMe)
        pause = snapshot.pause.map { wording.pause($0, now: now) }
        var order: [ConversationId] = []
        var lines: [ConversationId: [OutboxRow]] = [:]
        for row in unsent {
            if lines[row.conversation] == nil { order.append(row.conversation) }
            lines[row.conversation, default: []].append(row)
        }
        sections = order.map { id in
            let rows = lines[id] ?? []
            return OutboxSection(
                id: id, name: rows.first?.name ?? "", rows: rows.map { line(of: $0, now: now) })
        }
    }

    private func line(of row: OutboxRow, now: Millis) -> OutboxLine {
        let text = row.text ?? kind(row.kind)
        let written = words.outboxWritten(time: wording.times.full(row.writtenAt, now: now))
        let step = wording.step(row.step) ?? Label(icon: "iphone", text: words.stepOnPhone)
        let trouble = row.trouble.map { wording.trouble($0, now: now) }
        let nextTry = row.trouble?.nextTry.map { words.outboxNextTry(time: wording.times.full($0, now: now)) }
        return OutboxLine(
            id: row.key, text: text, written: written, step: step, trouble: trouble, nextTry: nextTry,
            actions: wording.actions(row.choices),
            accessibilityLabel: sentences([
                row.name, text, written, step.text, trouble?.text ?? "", nextTry ?? "",
            ]))
    }

    private func kind(_ kind: String) -> String {
        switch kind {
        case "read": words.outboxKindRead
        case "withdraw": words.outboxKindWithdraw
        case "release": words.outboxKindRelease
        case "pass": words.outboxKindPass
        case "settle": words.outboxKindSettle
        default: words.outboxKindOther
        }
    }
}
