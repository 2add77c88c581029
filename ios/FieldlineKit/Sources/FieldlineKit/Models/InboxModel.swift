import Fieldline
import Observation

/// E2: the conversation list.
@MainActor @Observable
public final class InboxModel {
    public private(set) var rows: [ConversationRow] = []
    public private(set) var isLoading = true
    public private(set) var hasMore = false
    /// Why the list could not be drawn; shown above the rows, never in place of them.
    public private(set) var failure: String?

    public var words: Words { wording.words }

    /// Rows that one call of ``showMore()`` adds.
    @ObservationIgnored private let page = 50
    @ObservationIgnored private let client: Client
    @ObservationIgnored private let wording: Wording
    @ObservationIgnored private let view: Rows<InboxSnapshot>
    @ObservationIgnored private var snapshot: InboxSnapshot?

    init(client: Client, wording: Wording) {
        self.client = client
        self.wording = wording
        view = client.inbox()
    }

    public var isEmpty: Bool { rows.isEmpty && !isLoading }

    /// Draws until the task ends or the client is shut down.
    public func run() async {
        let error = await follow(view) { [self] in
            snapshot = $0
            draw()
        }
        if let error { failure = wording.failure(error) }
    }

    /// Time went on: spans and days are written anew.
    public func tick() { draw() }

    public func showMore() { view.widen(by: page) }

    private func draw() {
        guard let snapshot else { return }
        let now = client.serverTime
        rows = snapshot.rows.map { row(of: $0, now: now) }
        isLoading = snapshot.loading
        hasMore = snapshot.hasMoreAfter
    }

    private func row(of row: InboxRow, now: Millis) -> ConversationRow {
        let author = row.preview.flatMap { $0.author.kind == .customer ? nil : wording.author($0.author) }
        let preview = row.preview.map { wording.body($0.body) } ?? ""
        let time = row.at.map { wording.times.short($0, now: now) } ?? ""
        let window = wording.window(row.window, now: now)
        let unsent = unsent(of: row)
        let unread = Int(row.unread)
        let spoken = [
            row.name, unread > 0 ? words.listUnread(count: unread) : "", author?.text ?? "", preview, time, window.text,
            unsent?.text ?? "",
        ]
        return ConversationRow(
            id: row.key, name: row.name, initials: initials(of: row.name), author: author, preview: preview, time: time,
            unread: unread, window: window, unsent: unsent, accessibilityLabel: sentences(spoken))
    }

    private func unsent(of row: InboxRow) -> Label? {
        if row.unsent.needsMe > 0 {
            return Label(
                icon: "questionmark.circle", text: words.listNeedsMe(count: Int(row.unsent.needsMe)), tone: .amber)
        }
        guard row.unsent.waiting > 0 else { return nil }
        return Label(icon: "iphone", text: words.listWaiting(count: Int(row.unsent.waiting)))
    }

    /// First letters of the first two words; a number has none.
    private func initials(of name: String) -> String {
        name.split(separator: " ").prefix(2).compactMap(\.first).filter(\.isLetter).map { $0.uppercased() }.joined()
    }
}

/// Parts for a screen reader, which pauses between sentences. Parts that end in a mark of their own keep it.
func sentences(_ parts: [String]) -> String {
    parts.filter { !$0.isEmpty }.map { part in
        part.last.map { $0.isPunctuation } == true ? part : part + "."
    }.joined(separator: " ")
}
