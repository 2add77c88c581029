/// The look's colours and sizes (look/tokens.json), in points.
public enum Look {
    /// A colour of both themes, as `0xRRGGBB`.
    public struct Colour: Sendable, Equatable {
        public let light: UInt32
        public let dark: UInt32
    }
}

/// How loud something is.
public enum Tone: Sendable, Equatable {
    case plain
    case muted
    case amber
    case red
    case info

    public var colour: Look.Colour {
        switch self {
        case .plain: Look.text
        case .muted: Look.muted
        case .amber: Look.amber
        case .red: Look.red
        case .info: Look.info
        }
    }
}

/// An icon with its word: colour never stands alone.
public struct Label: Sendable, Equatable {
    /// A name of SF Symbols.
    public let icon: String
    public let text: String
    public let tone: Tone

    public init(icon: String, text: String, tone: Tone = .muted) {
        self.icon = icon
        self.text = text
        self.tone = tone
    }
}
