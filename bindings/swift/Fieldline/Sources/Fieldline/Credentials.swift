/// How to sign in. Not generated: its text never says a password or a code.
public enum Credentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// By e-mail, whose case does not matter, and password as typed.
    case password(email: String, password: String)
    /// By an eight-character code or the content of its QR code. Case, spaces and hyphens do not matter.
    case linkCode(code: String)

    public var description: String {
        switch self {
        case .password: "password"
        case .linkCode: "linkCode"
        }
    }

    public var debugDescription: String { description }

    /// `dump` and test failures look here.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
