import Fieldline

/// One row of the conversation list.
public struct ConversationRow: Sendable, Equatable, Identifiable {
    public let id: ConversationId
    public let name: String
    public let initials: String
    /// Who wrote last; absent for the customer, whose name stands above it.
    public let author: Label?
    public let preview: String
    public let time: String
    public let unread: Int
    public let window: Label
    public let unsent: Label?
    /// The row as one sentence after the other.
    public let accessibilityLabel: String
}

/// Where a bubble stands, how it looks.
public enum BubbleShape: Sendable, Equatable {
    case customer
    case me
    case colleague
    case owner
    case automatic
    /// For the team only: never looks like something that was sent.
    case note

    /// The reader's end for what went out, the start for what came in.
    public var isAtEnd: Bool { self != .customer }

    /// Fields that nobody typed have a dashed edge.
    public var isDashed: Bool { self == .automatic }

    public var fill: Look.Colour {
        switch self {
        case .customer: Look.bubbleCustomer
        case .me: Look.bubbleMe
        case .colleague: Look.bubbleColleague
        case .owner: Look.bubbleOwner
        case .automatic: Look.bubbleAutomatic
        case .note: Look.note
        }
    }
}

/// One message.
public struct Bubble: Sendable, Equatable, Identifiable {
    public let id: MessageId
    /// Stands before it: messages are missing there.
    public let hole: String?
    public let shape: BubbleShape
    public let author: Label
    public let quote: String?
    /// What it is, where that is to be said: a photo, a deleted message.
    public let kind: String?
    /// What somebody wrote; may be empty.
    public let text: String
    /// Where it can be seen, if not here.
    public let hint: String?
    /// Edited, forwarded, reactions.
    public let marks: [String]
    public let time: String
    /// How far it got; absent where there is no ladder.
    public let step: Label?
    /// The times of the steps reached, for the one tap.
    public let steps: [String]
    public let trouble: Label?
    /// R8: what was answered meanwhile, to be shown beside it.
    public let answer: String?
    public let note: String?
    public let actions: [MessageAction]
    /// Author, text, time, step and trouble, in this order.
    public let accessibilityLabel: String
}

/// What can be done about a message, with its word.
public struct MessageAction: Sendable, Equatable, Identifiable {
    public let choice: Choice
    public let text: String
    /// It throws something away: to be asked twice.
    public let isDestructive: Bool

    public var id: String { text }
}

/// One conversation's part of the outbox.
public struct OutboxSection: Sendable, Equatable, Identifiable {
    public let id: ConversationId
    public let name: String
    public let rows: [OutboxLine]
}

/// One unsent thing.
public struct OutboxLine: Sendable, Equatable, Identifiable {
    public let id: CommandId
    public let text: String
    public let written: String
    public let step: Label
    public let trouble: Label?
    public let nextTry: String?
    public let actions: [MessageAction]
    public let accessibilityLabel: String
}
