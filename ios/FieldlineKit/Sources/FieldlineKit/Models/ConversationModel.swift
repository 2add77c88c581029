import Fieldline
import Observation

/// E3 and E4: one conversation's bubbles, with the composer below them.
@MainActor @Observable
public final class ConversationModel: Identifiable {
    public let id: ConversationId
    public let composer: ComposerModel
    public private(set) var name = ""
    public private(set) var window: Label?
    public private(set) var bubbles: [Bubble] = []
    public private(set) var hasOlder = false
    /// It left this phone: nothing can be done here any more.
    public private(set) var isGone = false
    /// Nothing was drawn yet.
    public private(set) var isLoading = true
    /// Why the last action did not work; shown above the content, never in place of it.
    public var failure: String?

    public var words: Words { wording.words }

    /// Messages that one call of ``showOlder()`` adds.
    @ObservationIgnored private let page: Int
    @ObservationIgnored private let client: Client
    @ObservationIgnored private let wording: Wording
    @ObservationIgnored private let view: Rows<TimelineSnapshot>
    @ObservationIgnored private var snapshot: TimelineSnapshot?
    @ObservationIgnored private var isFetching = false

    init(id: ConversationId, client: Client, wording: Wording, page: Int = 50) {
        self.id = id
        self.client = client
        self.wording = wording
        self.page = page
        composer = ComposerModel(conversation: id, client: client, wording: wording)
        view = client.timeline(id)
    }

    /// Draws until the task ends or the client is shut down.
    public func run() async {
        async let line: Void = composer.run()
        let error = await follow(view) { [self] in
            snapshot = $0
            draw()
        }
        if let error { failure = wording.failure(error) }
        _ = await line
    }

    /// Time went on: the countdown and the days are written anew.
    public func tick() { draw() }

    /// What was drawn was on an unlocked screen.
    public func markRead() async {
        guard let snapshot, snapshot.held, snapshot.lastN > 0 else { return }
        await attempt { try await client.markRead(id, upToN: snapshot.lastN) }
    }

    /// Shows older messages: those that are held at once, the others when the server has answered.
    public func showOlder() async {
        guard !isFetching else { return }
        isFetching = true
        defer { isFetching = false }
        view.widen(by: page)
        await attempt { try await client.loadOlder(id) }
    }

    /// Carries out what a bubble offers.
    public func perform(_ choice: Choice, on message: MessageId) async {
        guard let row = snapshot?.rows.first(where: { $0.key == message }) else { return }
        if choice == .edit {
            guard case .text(let text) = row.body else { return }
            composer.edit(message, text)
            return
        }
        await attempt { try await carryOut(choice, on: message, seenN: snapshot?.lastN ?? 0, with: client) }
    }

    /// Answers to one message in particular.
    public func quote(_ message: MessageId) {
        guard let row = snapshot?.rows.first(where: { $0.key == message }), row.n != nil else { return }
        composer.quote(message, wording.body(row.body))
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
        name = snapshot.name
        window = wording.window(snapshot.window, now: now)
        hasOlder = snapshot.hasMoreBefore
        isGone = !snapshot.held
        isLoading = false
        let texts = Dictionary(snapshot.rows.map { ($0.key, wording.body($0.body)) }) { first, _ in first }
        bubbles = snapshot.rows.map { bubble(of: $0, texts: texts, now: now) }
        composer.update(window: snapshot.window, lastN: snapshot.lastN, isGone: isGone, now: now)
    }

    private func bubble(of row: TimelineRow, texts: [MessageId: String], now: Millis) -> Bubble {
        let author = wording.author(row.author)
        let text = wording.text(of: row.body) ?? ""
        let kind = wording.kind(of: row.body)
        let hint = if case .media = row.body { words.bodyUnsupported } else { nil as String? }
        let hole = row.holeBefore ? words.chatHole : nil
        let marks = wording.marks(row)
        let time = wording.times.full(row.at, now: now)
        let step = wording.step(of: row)
        let trouble = row.trouble.map { wording.trouble($0, now: now) }
        let quote = row.replyTo.map { texts[$0].map(words.quoteOf(text:)) ?? words.quoteOlder }
        let note = row.customerWroteSince ? words.customerWroteSince : nil
        let shape = if case .note = row.body { BubbleShape.note } else { wording.shape(row.author.kind) }
        let spoken: [String?] = [
            hole, author.text, quote, kind, text, hint, time, step?.text, trouble?.text, note,
        ]
        return Bubble(
            id: row.key, hole: hole, shape: shape, author: author, quote: quote, kind: kind, text: text, hint: hint,
            marks: marks, time: time, step: step, steps: wording.steps(row.times, now: now), trouble: trouble,
            answer: row.trouble?.answer, note: note, actions: wording.actions(row.choices),
            accessibilityLabel: sentences(spoken.compactMap { $0 } + marks))
    }
}

/// One choice, one call of the core. `edit` needs a text and is the composer's.
@MainActor
func carryOut(_ choice: Choice, on message: MessageId, seenN: Int64, with client: Client) async throws {
    switch choice {
    case .tryNow: try await client.tryNow()
    case .edit: break
    case .discard: try await client.discard(message)
    case .sendAnyway: try await client.sendAnyway(message, seenN: seenN)
    case .withdraw: try await client.withdraw(message)
    case .letPass: try await client.letPass(message)
    case .itArrived: try await client.settle(message, .arrived)
    case .sendAgain: try await client.settle(message, .sendAgain(seenN: seenN))
    }
}
