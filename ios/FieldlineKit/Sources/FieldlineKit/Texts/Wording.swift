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

    func body(_ body: Body) -> String {
        switch body {
        case .text(let text): text
        case .deleted: words.bodyDeleted
        case .unsupported: words.bodyUnsupported
        }
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

    func steps(_ reached: [StepTime], now: Millis) -> [String] {
        reached.compactMap { it in
            step(it.step).map { words.stepTime(step: $0.text, time: times.full(it.at, now: now)) }
        }
    }

    /// Waits, asks or stopped, as the table of reasons in experience.md says who can end it.
    func trouble(_ trouble: Trouble, now: Millis) -> Label {
        let reason = reason(trouble, now: now)
        if trouble.isFinal {
            return Label(icon: "exclamationmark.triangle", text: words.stopped(reason: reason), tone: .red)
        }
        switch trouble.reason {
        case .noNetwork, .serverUnreachable, .signInAgain, .behindEarlier, .lineDown, .whatsAppBusy, .accountTrouble:
            return Label(icon: "clock", text: words.waits(reason: reason))
        case .windowClosed, .answeredMeanwhile, .unknownOutcome:
            return Label(icon: "questionmark.circle", text: words.needsYou(reason: reason), tone: .amber)
        case .notYours, .unreachable, .templateRefused, .fileRefused, .tooOld, .refused:
            return Label(icon: "exclamationmark.triangle", text: words.stopped(reason: reason), tone: .red)
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
