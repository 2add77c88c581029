import Fieldline
import Foundation
import Testing

@testable import FieldlineKit

/// What values are called, without a core: pure.
struct WordingTests {
    // 22 November 2026, 14:05 in Madrid.
    private let now: Millis = 1_795_352_700_000
    private let hour: Millis = 3_600_000

    @Test func aTextIsFilledOnce() {
        #expect(wording.words.signInConfirm(workspace: "{person}", person: "Ana") == "Sign in at {person} as Ana?")
        #expect(wording.words.listNeedsMe(count: 1) == "1 needs you")
        #expect(wording.words.listNeedsMe(count: 1_200) == "1,200 need you")
    }

    @Test func anUnknownLanguageReadsEnglish() {
        #expect(Words(preferred: ["tlh", "en-GB"]).back == "Back")
        #expect(Words(preferred: ["tlh"]).back == "Back")
    }

    @Test func aMomentIsAnHourTodayAndADayBefore() {
        #expect(wording.times.short(now, now: now) == "14:05")
        #expect(wording.times.short(now - 24 * hour, now: now) == "21 Nov")
        #expect(wording.times.full(now - 24 * hour, now: now) == "21 Nov, 14:05")
    }

    @Test(arguments: [
        (23 * 60 + 59, "23 h left", Tone.muted), (60, "1 h left", .muted), (59, "59 min left", .amber),
        (15, "15 min left", .amber), (14, "14 min left", .red), (0, "0 min left", .red),
    ])
    func theCountdownGetsLouder(minutes: Int, text: String, tone: Tone) {
        let window = WindowState.open(closesAt: now + Int64(minutes) * 60_000 + 59_999, leftMs: 0)
        #expect(wording.window(window, now: now) == Label(icon: "timer", text: text, tone: tone))
        #expect(wording.closed(window, now: now) == nil)
    }

    @Test func aWindowThatClosedMeanwhileIsClosed() {
        let window = WindowState.open(closesAt: now, leftMs: 60_000)
        #expect(wording.window(window, now: now).text == "Template only")
        #expect(wording.closed(window, now: now)?.hasPrefix("The window closed at 14:05.") == true)
        #expect(wording.closed(.closed(closedAt: nil), now: now)?.hasPrefix("The window is closed.") == true)
    }

    /// Every reason says what it says in look/words, as loud as the core has it.
    @Test(arguments: [
        (Reason.noNetwork, Attention.waits, "Waits: No network. Goes by itself."),
        (.serverUnreachable, Attention.waits, "Waits: Our server cannot be reached. Goes by itself."),
        (.signInAgain, Attention.asks, "Needs you: Sign in again to send. Nothing is lost."),
        (.behindEarlier, Attention.waits, "Waits: Waits for the message before it."),
        (.lineDown, Attention.waits, "Waits: The business's line is down."),
        (.whatsAppBusy, Attention.waits, "Waits: WhatsApp does not answer, or asks us to slow down."),
        (.windowClosed, Attention.asks, "Needs you: The window closed at 14:05."),
        (.answeredMeanwhile, Attention.asks, "Needs you: Maria answered after you had written."),
        (.notYours, Attention.stopped, "Stopped: Not your conversation any more."),
        (.unreachable, Attention.stopped, "Stopped: This customer cannot be reached on WhatsApp."),
        (.accountTrouble, Attention.waits, "Waits: Payment or account problem at WhatsApp."),
        (.templateRefused, Attention.stopped, "Stopped: Template paused, changed or refused."),
        (.fileRefused, Attention.stopped, "Stopped: File too large or of a refused kind."),
        (.unknownOutcome, Attention.asks, "Needs you: We do not know if it went out."),
        (.tooOld, Attention.stopped, "Stopped: Waited 7 days."),
        (.refused, Attention.stopped, "Stopped: WhatsApp refused it (code 131000)."),
    ])
    func everyReasonHasItsWords(reason: Reason, attention: Attention, text: String) {
        let trouble = Trouble(
            reason: reason, attention: attention, whatsappCode: 131_000, code: nil, since: nil, nextTry: nil,
            by: Author(kind: .colleague, name: "Maria"), answer: nil, closedAt: now, isFinal: false)
        #expect(wording.trouble(trouble, now: now).text == text)
    }

    @Test func whatStoppedForGoodSaysSo() {
        let trouble = Trouble(
            reason: .whatsAppBusy, attention: .stopped, whatsappCode: nil, code: nil, since: nil, nextTry: nil, by: nil,
            answer: nil, closedAt: nil, isFinal: true)
        #expect(wording.trouble(trouble, now: now).tone == .red)
        #expect(wording.trouble(trouble, now: now).text.hasPrefix("Stopped: "))
    }

    @Test func aServerThatWasSetBackIsNamed() {
        let trouble = Trouble(
            reason: .answeredMeanwhile, attention: .asks, whatsappCode: nil, code: "restored", since: nil, nextTry: nil,
            by: nil, answer: nil, closedAt: nil, isFinal: false)
        #expect(wording.reason(trouble, now: now).hasPrefix("Our server was set back."))
    }

    /// Each kind on one line, as the list shows it.
    @Test(arguments: [
        (Body.text(text: "Hello"), "Hello"),
        (media(.image, caption: "the tap"), "Photo: the tap"), (media(.voice), "Voice message"),
        (media(.audio), "Sound"), (media(.video), "Video"), (media(.sticker), "Sticker"),
        (media(.document, name: "plan.pdf"), "File: plan.pdf"), (media(.unknown), "Attachment"),
        (.location(latitude: 1, longitude: 2, name: "Yard", address: "Main St 1"), "Location: Yard Main St 1"),
        (.contacts(contacts: [SharedContact(name: "Luis", phones: [])]), "1 contact card: Luis"),
        (.template(name: "visit", text: "See you"), "See you"),
        (.interactive(what: "list_reply", title: "Monday", description: nil), "Choice: Monday"),
        (.interactive(what: "order", title: nil, description: nil), "Order"),
        (.note(text: "dog"), "Team note: dog"), (.line(what: "assigned"), "This conversation changed."),
        (.deleted(by: .customer), "Deleted by the customer."), (.deleted(by: .me), "This message was deleted."),
        (.unsupported(what: "hologram"), "See it on the owner's phone."),
    ])
    func everyKindOfMessageHasItsWords(body: Body, text: String) {
        #expect(wording.body(body) == text)
    }

    @Test func whatCameToAMessageIsSaid() {
        let like = Reaction(author: Author(kind: .customer, name: nil), emoji: "👍")
        let row = TimelineRow(
            key: "m", n: 1, author: Author(kind: .me, name: nil), body: .text(text: "Yes"), at: now, step: .sent,
            times: [], trouble: nil, choices: [], replyTo: nil, reactions: [like, like], editedAt: now,
            forwarded: .once, neverConfirmed: true, holeBefore: false, customerWroteSince: false)
        #expect(wording.marks(row) == ["Forwarded", "Edited", "Reactions: 👍 2"])
        #expect(wording.step(of: row) == Label(icon: "checkmark", text: "Sent, never confirmed"))
    }

    /// No two steps, and no two kinds of author, look and read the same: colour never stands alone.
    @Test func stepsAndAuthorsAreTold() {
        let steps = [LadderStep.onPhone, .atServer, .sent, .delivered, .read].compactMap { wording.step($0) }
        #expect(Set(steps.map(\.icon)).count == 5 && Set(steps.map(\.text)).count == 5)
        let authors = [AuthorKind.customer, .ownerApp, .me, .colleague, .ai].map {
            wording.author(Author(kind: $0, name: nil))
        }
        #expect(Set(authors.map(\.icon)).count == 5 && Set(authors.map(\.text)).count == 5)
        #expect(wording.step(.none) == nil)
    }

    @Test func anErrorIsSaidInWords() {
        #expect(wording.failure(FieldlineError.SignIn(trouble: .codeUsed)).hasPrefix("This code was used already."))
        #expect(wording.failure(FieldlineError.Refused(code: "other_account")).hasPrefix("Unsent replies of another"))
        #expect(wording.failure(FieldlineError.Internal(reason: "x")) == "Something is wrong on our side (internal).")
    }
}

private func media(_ what: MediaKind, caption: String? = nil, name: String? = nil) -> Body {
    .media(what: what, caption: caption, name: name, mime: nil, size: nil, ready: false)
}
