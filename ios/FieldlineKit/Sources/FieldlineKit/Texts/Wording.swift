import Fieldline

/// What the core's values are called and look like. Pure: the same value at the same moment gives the same text.
public struct Wording: Sendable {
    public let words: Words
    public let times: Times

    public init(words: Words = Words(), times: Times = Times()) {
        self.words = words
        self.times = times
    }

    // MARK: Who and what

    func author(_ author: Author) -> Label {
        switch author.kind {
        case .customer: Label(icon: "person", text: author.name ?? words.authorCustomer)
        case .ownerApp: Label(icon: "storefront", text: words.authorOwner)
        case .me: Label(icon: "person.fill", text: words.authorMe)
        case .colleague: Label(icon: "person.text.rectangle", text: author.name ?? words.authorColleague)
        case .ai: Label(icon: "sparkles", text: words.authorAi)
        case .automation: Label(icon: "sparkles", text: words.authorAutomatic)
        case .system: Label(icon: "info.circle", text: words.authorSystem)
        case .unknown: Label(icon: "questionmark.circle", text: words.authorUnknown)
        }
    }

    func shape(_ kind: AuthorKind) -> BubbleShape {
        switch kind {
        case .customer: .customer
        case .me: .me
        case .colleague, .unknown: .colleague
        case .ownerApp: .owner
        case .ai, .automation, .system: .automatic
        }
    }

    /// On one line: for the list and for quotes.
    func body(_ body: Body) -> String {
        switch (kind(of: body), text(of: body)) {
        case (let kind?, let text?): words.bodyBoth(kind: kind, text: text.replacing("\n", with: " "))
        case (let kind?, nil): kind
        case (nil, let text): text ?? ""
        }
    }

    /// What a message is, where that is to be said: not for plain text.
    func kind(of body: Body) -> String? {
        switch body {
        case .text, .template: nil
        case .media(let what, _, _, _, _, _): medium(what)
        case .location: words.bodyLocation
        case .contacts(let contacts): words.bodyContact(count: contacts.count)
        case .interactive(let what, _, _):
            what == "order" ? words.bodyOrder : what == "nfm_reply" ? words.bodyForm : words.bodyChoice
        case .note: words.bodyNote
        case .line: words.bodyLine
        case .deleted(let by):
            by == .customer
                ? words.bodyDeletedCustomer : by == .ownerApp ? words.bodyDeletedOwner : words.bodyDeleted
        case .unsupported: words.bodyUnsupported
        }
    }

    /// What somebody wrote in it.
    func text(of body: Body) -> String? {
        switch body {
        case .text(let text), .template(_, let text), .note(let text): text
        case .media(_, let caption, let name, _, _, _): caption ?? name
        case .location(_, _, let name, let address): lines([name, address])
        case .contacts(let contacts): lines(contacts.map(\.name))
        case .interactive(_, let title, let description): lines([title, description])
        case .line, .deleted, .unsupported: nil
        }
    }

    private func lines(_ parts: [String?]) -> String? {
        let said = parts.compactMap { $0 }.filter { !$0.isEmpty }
        return said.isEmpty ? nil : said.joined(separator: "\n")
    }

    private func medium(_ what: MediaKind) -> String {
        switch what {
        case .image: words.bodyPhoto
        case .video: words.bodyVideo
        case .audio: words.bodyAudio
        case .voice: words.bodyVoice
        case .document: words.bodyDocument
        case .sticker: words.bodySticker
        case .unknown: words.bodyAttachment
        }
    }

    /// What stands beside a message's time and under its text.
    func marks(_ row: TimelineRow) -> [String] {
        var marks: [String] = []
        switch row.forwarded {
        case .no: break
        case .once: marks.append(words.markForwarded)
        case .often: marks.append(words.markForwardedOften)
        }
        if row.editedAt != nil { marks.append(words.markEdited) }
        var order: [String] = []
        var counts: [String: Int] = [:]
        for reaction in row.reactions {
            if counts[reaction.emoji] == nil { order.append(reaction.emoji) }
            counts[reaction.emoji, default: 0] += 1
        }
        let list = order.map { emoji in
            counts[emoji].map { $0 > 1 ? "\(emoji) \(words.number($0))" : emoji } ?? emoji
        }
        if !list.isEmpty { marks.append(words.markReactions(list: list.joined(separator: "  "))) }
        return marks
    }

    // MARK: The ladder and what holds it up

    func step(_ step: LadderStep) -> Label? {
        switch step {
        case .none: nil
        case .onPhone: Label(icon: "iphone", text: words.stepOnPhone)
        case .atServer: Label(icon: "checkmark.icloud", text: words.stepAtServer)
        case .sent: Label(icon: "checkmark", text: words.stepSent)
        case .delivered: Label(icon: "checkmark.circle", text: words.stepDelivered)
        case .read: Label(icon: "eye", text: words.stepRead)
        case .played: Label(icon: "eye", text: words.stepPlayed)
        }
    }

    /// How far it got, and whether nobody will confirm it any more.
    func step(of row: TimelineRow) -> Label? {
        step(row.step).map { row.neverConfirmed ? Label(icon: $0.icon, text: words.stepNeverConfirmed) : $0 }
    }

    func steps(_ reached: [StepTime], now: Millis) -> [String] {
        reached.compactMap { it in
            step(it.step).map { words.stepTime(step: $0.text, time: times.full(it.at, now: now)) }
        }
    }

    /// Whose turn it is says the core.
    func trouble(_ trouble: Trouble, now: Millis) -> Label {
        let reason = reason(trouble, now: now)
        return switch trouble.attention {
        case .waits: Label(icon: "clock", text: words.waits(reason: reason))
        case .asks: Label(icon: "questionmark.circle", text: words.needsYou(reason: reason), tone: .amber)
        case .stopped: Label(icon: "exclamationmark.triangle", text: words.stopped(reason: reason), tone: .red)
        }
    }

    func reason(_ trouble: Trouble, now: Millis) -> String {
        switch trouble.reason {
        case .noNetwork: words.reasonR1
        case .serverUnreachable: words.reasonR2
        case .signInAgain: words.reasonR3
        case .behindEarlier: words.reasonR4
        case .lineDown: words.reasonR5
        case .whatsAppBusy: words.reasonR6
        case .windowClosed:
            trouble.closedAt.map { words.reasonR7At(time: times.full($0, now: now)) } ?? words.reasonR7
        case .answeredMeanwhile where trouble.code == "restored": words.reasonR8Restored
        case .answeredMeanwhile: words.reasonR8(name: author(answerer(trouble)).text)
        case .notYours: words.reasonR9
        case .unreachable: words.reasonR10
        case .accountTrouble: words.reasonR11
        case .templateRefused: words.reasonR12
        case .fileRefused: words.reasonR13
        case .unknownOutcome: words.reasonR14
        case .tooOld: words.reasonR15
        case .refused: trouble.whatsappCode.map { words.reasonR16Code(code: String($0)) } ?? words.reasonR16
        }
    }

    private func answerer(_ trouble: Trouble) -> Author { trouble.by ?? Author(kind: .unknown, name: nil) }

    func actions(_ choices: [Choice]) -> [MessageAction] {
        choices.map { choice in
            MessageAction(choice: choice, text: word(for: choice), isDestructive: choice == .discard)
        }
    }

    private func word(for choice: Choice) -> String {
        switch choice {
        case .tryNow: words.choiceTryNow
        case .edit: words.choiceEdit
        case .discard: words.choiceDiscard
        case .sendAnyway: words.choiceSendAnyway
        case .withdraw: words.choiceWithdraw
        case .letPass: words.choiceLetPass
        case .itArrived: words.choiceItArrived
        case .sendAgain: words.choiceSendAgain
        }
    }

    // MARK: Time left, and the line

    /// Amber under an hour, red under a quarter. The span is cut, not rounded: it never promises time that is not there.
    func window(_ window: WindowState, now: Millis) -> Label {
        guard case .open(let closesAt, _) = window, closesAt > now else {
            return Label(icon: "lock", text: words.windowTemplateOnly)
        }
        let minutes = Int((closesAt - now) / 60_000)
        let span =
            minutes < 60
            ? words.spanMinutes(count: words.number(minutes)) : words.spanHours(count: words.number(minutes / 60))
        return Label(
            icon: "timer", text: words.windowLeft(span: span),
            tone: minutes < 15 ? .red : minutes < 60 ? .amber : .muted)
    }

    /// Why nothing can be typed; absent while the window is open.
    func closed(_ window: WindowState, now: Millis) -> String? {
        switch window {
        case .open(let closesAt, _) where closesAt > now: nil
        case .open(let closesAt, _): words.windowClosedAt(time: times.full(closesAt, now: now))
        case .closed(let closedAt?): words.windowClosedAt(time: times.full(closedAt, now: now))
        case .closed(nil): words.windowClosed
        }
    }

    /// The head line; hidden while all is well.
    func health(_ status: StatusSnapshot, now: Millis) -> Label? {
        let since = times.full(status.since, now: now)
        return switch status.link {
        case .signedOut, .idle, .online: nil
        case .connecting: Label(icon: "arrow.clockwise", text: words.linkConnecting)
        case .noNetwork: Label(icon: "wifi.slash", text: words.linkNoNetwork(time: since), tone: .amber)
        case .serverTrouble: Label(icon: "icloud.slash", text: words.linkServerTrouble(time: since), tone: .amber)
        case .signInAgain:
            Label(icon: "person.crop.circle.badge.exclamationmark", text: words.linkSignInAgain, tone: .red)
        case .updateApp: Label(icon: "exclamationmark.triangle", text: words.linkUpdateApp, tone: .red)
        case .removed:
            Label(icon: "person.crop.circle.badge.exclamationmark", text: words.linkRemoved, tone: .red)
        }
    }

    /// One line instead of one reason each.
    func pause(_ pause: QueuePause, now: Millis) -> Label {
        let since = times.full(pause.since, now: now)
        if pause.updateApp {
            return Label(icon: "exclamationmark.triangle", text: words.pauseUpdateApp, tone: .red)
        }
        return switch pause.reason {
        case .noNetwork: Label(icon: "wifi.slash", text: words.pauseNoNetwork(time: since), tone: .amber)
        case .signInAgain:
            Label(icon: "person.crop.circle.badge.exclamationmark", text: words.pauseSignIn, tone: .red)
        default: Label(icon: "icloud.slash", text: words.pauseServer(time: since), tone: .amber)
        }
    }

    // MARK: Errors

    /// What went wrong, for the person.
    func failure(_ error: any Error) -> String {
        guard let error = error as? FieldlineError else { return words.errorOther(code: "shell") }
        return switch error {
        case .Offline: words.errorOffline
        case .SignIn(let trouble): signIn(trouble)
        case .NotAllowed, .NotFound, .Suspended, .Cancelled: words.errorNotPossible
        case .Refused(let code):
            code == "other_account" ? words.errorOtherAccount : words.errorOther(code: code)
        case .Invalid(let field, _):
            field == "server_url" ? words.errorServerAddress : words.errorOther(code: "invalid_\(field)")
        case .Storage, .AlreadyOpen: words.errorStorage
        case .IncompatibleVersion: words.errorAppTooOld
        case .Internal: words.errorOther(code: "internal")
        }
    }

    private func signIn(_ trouble: SignInTrouble) -> String {
        switch trouble {
        case .wrongCredentials: words.errorWrongCredentials
        case .codeUsed: words.errorCodeUsed
        case .codeExpired: words.errorCodeExpired
        case .codeUnknown: words.errorCodeUnknown
        case .tooManyTries: words.errorTooManyTries
        case .deviceTaken: words.errorDeviceTaken
        case .signedOut, .sessionEnded: words.errorSessionEnded
        case .deviceRevoked: words.errorDeviceRevoked
        }
    }
}
