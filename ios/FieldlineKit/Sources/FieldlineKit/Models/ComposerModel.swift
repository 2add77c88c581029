import Fieldline
import Observation

/// E4: the text that is being written, and whether and how it can go.
@MainActor @Observable
public final class ComposerModel {
    /// What the text will become.
    public enum Purpose: Sendable, Equatable {
        case reply
        case quote(MessageId, text: String)
        case edit(MessageId)
    }

    /// Unicode scalars that a text may have: WhatsApp's limit, as the core counts.
    public static let limit = 4_096
    /// From here on the counter shows.
    private static let nearLimit = 3_900

    public var text = ""
    public private(set) var purpose = Purpose.reply
    /// Why nothing can be sent; the text that was typed stays above it.
    public private(set) var closed: String?
    public private(set) var failure: String?
    public private(set) var isSending = false
    private var isOnline = false

    public var words: Words { wording.words }

    @ObservationIgnored private let conversation: ConversationId
    @ObservationIgnored private let client: Client
    @ObservationIgnored private let wording: Wording
    @ObservationIgnored private var lastN: Int64 = 0
    /// What an edit pushed aside.
    @ObservationIgnored private var draft = ""

    init(conversation: ConversationId, client: Client, wording: Wording) {
        self.conversation = conversation
        self.client = client
        self.wording = wording
    }

    public var banner: String? {
        switch purpose {
        case .reply: nil
        case .quote(_, let text): words.quoteOf(text: text)
        case .edit: words.composerEditing
        }
    }

    public var sendTitle: String { isOnline ? words.composerSend : words.composerSendWhenOnline }

    public var counter: Label? {
        let length = text.unicodeScalars.count
        if length > Self.limit {
            return Label(
                icon: "exclamationmark.triangle", text: words.composerTooLong(count: length - Self.limit), tone: .red)
        }
        guard length >= Self.nearLimit else { return nil }
        return Label(
            icon: "text.cursor", text: words.composerCount(count: words.number(length), limit: words.number(Self.limit))
        )
    }

    public var canSend: Bool {
        closed == nil && !isSending && text.unicodeScalars.count <= Self.limit
            && text.contains { !$0.isWhitespace }
    }

    /// Keeps the text on this phone and clears the field; two taps send once.
    public func send() async {
        guard canSend else { return }
        isSending = true
        failure = nil
        defer { isSending = false }
        let (sent, sentAs) = (text, purpose)
        do {
            switch sentAs {
            case .reply: try await client.sendReply(conversation, sent, seenN: lastN)
            case .quote(let message, _): try await client.quoteReply(conversation, to: message, sent, seenN: lastN)
            case .edit(let message): try await client.edit(message, sent, seenN: lastN)
            }
        } catch {
            failure = wording.failure(error)
            return
        }
        // What was typed meanwhile stays.
        if text == sent { text = draft }
        if purpose == sentAs { purpose = .reply }
        draft = ""
    }

    /// Back to a plain reply.
    public func cancelPurpose() {
        if case .edit = purpose {
            text = draft
            draft = ""
        }
        purpose = .reply
    }

    func quote(_ message: MessageId, _ quoted: String) {
        cancelPurpose()
        purpose = .quote(message, text: quoted)
    }

    func edit(_ message: MessageId, _ current: String) {
        cancelPurpose()
        draft = text
        text = current
        purpose = .edit(message)
    }

    func update(window: WindowState, lastN: Int64, isGone: Bool, now: Millis) {
        self.lastN = lastN
        closed = isGone ? words.chatGone : wording.closed(window, now: now)
    }

    /// Whether a reply would go at once decides the button's word, never whether it can be pressed.
    func run() async {
        await follow(client.status()) { [self] in isOnline = $0.link == .online }
    }
}
