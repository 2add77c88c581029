/// JSON as far as requests and answers use it.
enum Json: Codable, Sendable, Equatable {
    case null
    case truth(Bool)
    case number(Int64)
    case fraction(Double)
    case text(String)
    case list([Json])
    case object([String: Json])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let truth = try? value.decode(Bool.self) {
            self = .truth(truth)
        } else if let number = try? value.decode(Int64.self) {
            self = .number(number)
        } else if let fraction = try? value.decode(Double.self) {
            self = .fraction(fraction)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([Json].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: Json].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .null: try value.encodeNil()
        case .truth(let truth): try value.encode(truth)
        case .number(let number): try value.encode(number)
        case .fraction(let fraction): try value.encode(fraction)
        case .text(let text): try value.encode(text)
        case .list(let list): try value.encode(list)
        case .object(let object): try value.encode(object)
        }
    }

    subscript(name: String) -> Json? {
        if case .object(let fields) = self { fields[name] } else { nil }
    }

    func text(_ name: String) throws -> String {
        guard case .text(let text)? = self[name] else { throw Misuse(what: "\(name) is no text") }
        return text
    }

    func number(_ name: String) throws -> Int64 {
        guard case .number(let number)? = self[name] else { throw Misuse(what: "\(name) is no number") }
        return number
    }
}
