import Foundation

/// The texts of one language. What there is to say stands in look/words; a text that is missing there is an error of the build.
public struct Words: Sendable {
    private let texts: [String: [String: String]]
    private let locale: Locale

    /// The first of the person's languages that there are texts for, else English. `locale` writes the numbers.
    public init(preferred: [String] = Locale.preferredLanguages, locale: Locale = .current) {
        let known = preferred.lazy.compactMap { tag in
            Self.languages[tag] ?? Self.languages[String(tag.prefix { $0 != "-" })]
        }
        texts = known.first ?? Self.languages["en"] ?? [:]
        self.locale = locale
    }

    /// A number as this person writes it.
    func number(_ count: Int) -> String { count.formatted(.number.locale(locale)) }

    func say(_ key: String, _ values: [String: String]) -> String {
        fill(texts[key]?["other"] ?? key, values)
    }

    /// English alone so far, so that one form is for one. Another language brings its rule with it.
    func say(plural key: String, _ count: Int, _ values: [String: String]) -> String {
        let forms = texts[key] ?? [:]
        return fill((count == 1 ? forms["one"] : nil) ?? forms["other"] ?? key, values)
    }

    /// Filled in one pass, so that a name with braces in it is not filled again.
    private func fill(_ text: String, _ values: [String: String]) -> String {
        var filled = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            filled += rest[..<open]
            filled += values[String(rest[rest.index(after: open)..<close])] ?? ""
            rest = rest[rest.index(after: close)...]
        }
        return filled + rest
    }
}
