import FieldlineFFI

/// One account on one server: the only long-lived object. All else is values, or sequences addressed by id.
///
/// Commands are on disk before they return. One that has begun completes even if the caller stops waiting. Every function throws
/// ``FieldlineError`` and may be called from any thread or actor.
public final class Client: Sendable {
    private let core: FieldlineClient

    private init(_ core: FieldlineClient) {
        self.core = core
    }

    /// The version of the core and of this surface.
    public static var version: String { FieldlineFFI.version() }

    /// Opens the store at `config.storePath`, making it if need be. No network is used.
    ///
    /// Throws `alreadyOpen` while another process or client has the file, `incompatibleVersion` for a newer app's store
    /// (untouched), `invalid` for an unusable server address.
    public static func open(_ config: Config, secrets: any SecretStore) async throws -> Client {
        Client(try await FieldlineClient.open(config: config, secrets: secrets))
    }

    /// The server's time as far as it is known, for countdowns.
    public var serverTime: Millis { core.serverTime() }

    // MARK: Account

    /// Who is signed in, if anybody.
    public func account() async throws -> Account? { try await core.account() }

    /// What a link code stands for, to be shown before the person says yes. Does not use it up.
    public func previewLinkCode(_ code: String) async throws -> LinkPreview {
        try await core.previewLinkCode(code: code)
    }

    /// Signs in. `refused(other_account)`: another member's unsent work is still on this phone.
    @discardableResult
    public func signIn(_ credentials: Credentials) async throws -> Account {
        switch credentials {
        case .password(let email, let password):
            try await core.signInByPassword(email: email, password: password)
        case .linkCode(let code): try await core.signInByCode(code: code)
        }
    }

    /// Forgets the account on this phone. With `keep`, it throws `refused(unsent)` while something is unsent.
    public func signOut(unsent: UnsentOnSignOut) async throws { try await core.signOut(unsent: unsent) }

    // MARK: Views

    /// The conversation list.
    public func inbox() -> Rows<InboxSnapshot> {
        Rows { [core] in Pulled(core.inbox()) }
    }

    /// One conversation. An id that is not held gives empty snapshots that fill if it comes.
    public func timeline(_ conversation: ConversationId) -> Rows<TimelineSnapshot> {
        Rows { [core] in Pulled(core.timeline(conversation: conversation)) }
    }

    /// Unsent work.
    public func outbox() -> Rows<OutboxSnapshot> {
        Rows { [core] in Pulled(core.outbox()) }
    }

    /// The link to the server.
    public func status() -> Rows<StatusSnapshot> {
        Rows { [core] in Pulled(core.status()) }
    }

    /// Fetches what is missing in the middle, else the page of messages before the oldest held one.
    public func loadOlder(_ conversation: ConversationId) async throws {
        try await core.loadOlder(conversation: conversation)
    }

    // MARK: Replies

    /// Queues a reply. `seenN` is `lastN` of the timeline that its author looked at: the guard compares with it.
    @discardableResult
    public func sendReply(_ conversation: ConversationId, _ body: String, seenN: Int64) async throws -> CommandId {
        try await core.sendReply(conversation: conversation, body: body, seenN: seenN)
    }

    /// ``sendReply(_:_:seenN:)`` that quotes `message` of the same conversation.
    @discardableResult
    public func quoteReply(
        _ conversation: ConversationId, to message: MessageId, _ body: String, seenN: Int64
    ) async throws -> CommandId {
        try await core.quoteReply(conversation: conversation, message: message, body: body, seenN: seenN)
    }

    /// Changes a reply that has not reached WhatsApp: a new command takes its place.
    @discardableResult
    public func edit(_ message: MessageId, _ body: String, seenN: Int64) async throws -> CommandId {
        try await core.edit(message: message, body: body, seenN: seenN)
    }

    /// The person's yes to a held reply (R7, R8) or a refused one.
    public func sendAnyway(_ message: MessageId, seenN: Int64) async throws {
        try await core.sendAnyway(message: message, seenN: seenN)
    }

    /// Throws away what has not left this phone.
    @discardableResult
    public func discard(_ message: MessageId) async throws -> Discarded { try await core.discard(message: message) }

    /// Takes a reply back, as long as nothing of it went towards WhatsApp.
    @discardableResult
    public func withdraw(_ message: MessageId) async throws -> Withdrawal { try await core.withdraw(message: message) }

    /// Lets later replies of the conversation go before this one, which waits for a decision.
    public func letPass(_ message: MessageId) async throws { try await core.letPass(message: message) }

    /// What a person found out about a message with an unknown outcome (R14).
    public func settle(_ message: MessageId, _ result: Settlement) async throws {
        try await core.settle(message: message, result: result)
    }

    /// Everything up to number `upToN` was on an unlocked screen.
    public func markRead(_ conversation: ConversationId, upToN: Int64) async throws {
        try await core.markRead(conversation: conversation, upToN: upToN)
    }

    // MARK: Life cycle

    /// The app is on the screen: open the file, listen, send.
    public func enterForeground() async throws { try await core.enterForeground() }

    /// The app left the screen: send what can still go within `deadline`, then close the file and let go of its lock.
    @discardableResult
    public func enterBackground(deadline: Duration) async throws -> BackgroundReport {
        try await core.enterBackground(deadlineMs: deadline.milliseconds)
    }

    /// The system gave the app `budget` in the background: catch up, send, close the file again.
    @discardableResult
    public func runBackground(_ reason: BackgroundReason, budget: Duration) async throws -> BackgroundReport {
        try await core.runBackground(reason: reason, budgetMs: budget.milliseconds)
    }

    /// The phone's network changed. Only a hint: nothing is believed without trying.
    public func networkChanged(_ kind: NetworkKind) { core.networkChanged(kind: kind) }

    /// A person wants it now: no back-off is waited for.
    public func tryNow() async throws { try await core.tryNow() }

    /// Ends everything and closes the file. Every later command throws `cancelled`, every sequence ends.
    public func shutdown() async throws { try await core.shutdown() }
}

extension Duration {
    /// Whole milliseconds, none below zero.
    fileprivate var milliseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(0, seconds * 1_000 + attoseconds / 1_000_000_000_000_000))
    }
}
