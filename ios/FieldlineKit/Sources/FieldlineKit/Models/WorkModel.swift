import Fieldline
import Observation

/// Everything behind the sign-in: the list, the outbox, and the conversation that is open.
@MainActor @Observable
public final class WorkModel {
    public let inbox: InboxModel
    public let outbox: OutboxModel
    public private(set) var conversation: ConversationModel?
    /// The line above every screen; absent while all is well.
    public private(set) var health: Label?
    /// Sending waits for the password: the line leads to the sign-in.
    public private(set) var needsPassword = false

    @ObservationIgnored private let phone: Phone
    @ObservationIgnored private let client: Client
    @ObservationIgnored private let wording: Wording
    @ObservationIgnored private var status: StatusSnapshot?

    init(phone: Phone, client: Client, wording: Wording) {
        self.phone = phone
        self.client = client
        self.wording = wording
        inbox = InboxModel(client: client, wording: wording)
        outbox = OutboxModel(client: client, wording: wording)
    }

    /// Draws the line, the list and the outbox until the task ends or the client is shut down.
    public func run() async {
        async let list: Void = inbox.run()
        async let unsent: Void = outbox.run()
        await follow(client.status()) { [self] in
            status = $0
            draw()
        }
        _ = await (list, unsent)
    }

    public func open(_ id: ConversationId) {
        guard conversation?.id != id else { return }
        conversation = ConversationModel(id: id, client: client, wording: wording)
    }

    public func closeConversation() { conversation = nil }

    public func signInAgain() { phone.askForPassword() }

    public func tryNow() async { try? await client.tryNow() }

    private func draw() {
        guard let status else { return }
        health = wording.health(status, now: client.serverTime)
        needsPassword = status.link == .signInAgain || status.link == .removed
    }
}

/// Hands each snapshot to `draw` until the sequence or the task ends. What went wrong is answered, and what is on the screen stays;
/// the next call begins anew.
@MainActor @discardableResult
func follow<Snapshot: Sendable>(
    _ rows: Rows<Snapshot>, _ draw: @MainActor (Snapshot) -> Void
) async -> (any Error)? {
    do {
        for try await snapshot in rows { draw(snapshot) }
        return nil
    } catch {
        return error
    }
}
