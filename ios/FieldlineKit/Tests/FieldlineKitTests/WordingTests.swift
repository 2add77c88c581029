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

    /// Every reason says what it says in look/words, and waits, asks or stops as experience.md has it.
    @Test(arguments: [
        (Reason.noNetwork, "Waits: No network. Goes by itself."),
        (.serverUnreachable, "Waits: Our server cannot be reached. Goes by itself."),
        (.signInAgain, "Waits: Sign in again to send. Nothing is lost."),
        (.behindEarlier, "Waits: Waits for the message before it."),
        (.lineDown, "Waits: The business's line is down."),
        (.whatsAppBusy, "Waits: WhatsApp does not answer, or asks us to slow down."),
        (.windowClosed, "Needs you: The window closed at 14:05."),
        (.answeredMeanwhile, "Needs you: Maria answered after you had written."),
        (.notYours, "Stopped: Not your conversation any more."),
        (.unreachable, "Stopped: This customer cannot be reached on WhatsApp."),
        (.accountTrouble, "Waits: Payment or account problem at WhatsApp."),
        (.templateRefused, "Stopped: Template paused, changed or refused."),
        (.fileRefused, "Stopped: File too large or of a refused kind."),
        (.unknownOutcome, "Needs you: We do not know if it went out."),
        (.tooOld, "Stopped: Waited 7 days."),
        (.refused, "Stopped: WhatsApp refused it (code 131000)."),
    ])
    func everyReasonHasItsWords(reason: Reason, text: String) {
        let trouble = Trouble(
            reason: reason, whatsappCode: 131_000, code: nil, since: nil, nextTry: nil,
            by: Author(kind: .colleague, name: "Maria"), answer: nil, closedAt: now, isFinal: false)
        #expect(wording.trouble(trouble, now: now).text == text)
    }

    @Test func whatStoppedForGoodSaysSo() {
        let trouble = Trouble(
            reason: .whatsAppBusy, whatsappCode: nil, code: nil, since: nil, nextTry: nil, by: nil, answer: nil,
            closedAt: nil, isFinal: true)
        #expect(wording.trouble(trouble, now: now).tone == .red)
        #expect(wording.trouble(trouble, now: now).text.hasPrefix("Stopped: "))
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
