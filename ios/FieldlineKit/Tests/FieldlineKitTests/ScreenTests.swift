import Fieldline
import Testing

@testable import FieldlineKit

/// The screens over the real core, a real platform and the WhatsApp simulator.
@MainActor
@Suite(.serialized, .timeLimit(.minutes(1)))
struct ScreenTests {
    @Test func aWrongPasswordIsSaidAndNothingTypedIsLost() async throws {
        let ana = try World().ana()
        let hand = await Hand(ana)
        let form = try hand.signIn
        #expect(!form.canContinue)
        // Somebody else's address first: what is tried there must not stand in the way.
        form.server = "http://127.0.0.1:9"
        form.email = ana.email
        form.password = "not this one"
        await form.proceed()
        #expect(form.failure == "Signing in needs a network and an answer from the server.")
        form.server = ana.server
        await form.proceed()
        #expect(form.failure == "E-mail or password is wrong.")
        #expect(form.phase == .asking && form.email == ana.email && form.password == "not this one")
        await hand.putAway()
    }

    @Test func aServerWithoutTlsIsRefusedBeforeThePasswordGoes() async throws {
        let hand = await Hand(try World().ana())
        let form = try hand.signIn
        form.server = "http://example.org"
        form.email = "ana@brook.example"
        form.password = "secret"
        await form.proceed()
        #expect(form.failure == "This server address cannot be used.")
    }

    @Test func aLinkCodeSaysWhatItStandsForBeforeItIsUsed() async throws {
        let world = try World()
        let ana = try world.ana()
        try world.customerWrites("Is the kitchen free on Friday?")
        let hand = await Hand(ana)
        let form = try hand.signIn
        form.server = " \(ana.server)/ "
        form.method = .code
        form.code = "WRONG234"
        await form.proceed()
        #expect(form.failure == "This server does not know that code. Check the letters and the server.")
        form.code = try world.linkCode()
        await form.proceed()
        #expect(
            form.phase
                == .confirming(
                    question: "Sign in at Brook as Ana?", server: "Server: \(ana.server)",
                    device: "This phone is listed as Ana's phone."))
        await form.confirm()
        // Before the first look nothing is known, so nothing is said to have been sent.
        let unseen = try hand.work
        #expect(!unseen.outbox.isEmpty && unseen.outbox.openTitle == "Outbox")
        let work = try await hand.list()
        try await until { work.outbox.isEmpty }
        #expect(work.inbox.rows.map(\.name) == ["Luis Vega"])
        await hand.putAway()
    }

    @Test func theListShowsWhoWroteAndTheTimeLeft() async throws {
        let world = try World()
        let ana = try world.ana()
        try world.customerWrites("Is the kitchen free on Friday?", ageMs: 60_000)
        let hand = await Hand(ana)
        let work = try await hand.signIn(ana)
        let row = work.inbox.rows[0]
        #expect(row.name == "Luis Vega" && row.initials == "LV" && row.unread == 1 && row.author == nil)
        #expect(row.preview == "Is the kitchen free on Friday?")
        #expect(row.window == Label(icon: "timer", text: "23 h left"))
        #expect(row.accessibilityLabel.hasPrefix("Luis Vega. 1 unread message. Is the kitchen free on Friday? "))
        #expect(row.accessibilityLabel.hasSuffix(" 23 h left."))
        try await until { work.outbox.isEmpty }
        #expect(work.outbox.openTitle == "Outbox, empty" && !work.inbox.hasMore)
        let chat = try await hand.open(work)
        try await until { chat.composer.sendTitle == "Send" && work.health == nil }
        await chat.markRead()
        try await until { work.inbox.rows[0].unread == 0 }
        await hand.putAway()
    }

    @Test func aReplyWrittenOfflineGoesWhenTheNetworkIsBack() async throws {
        let world = try World()
        let ana = try world.ana()
        try world.customerWrites("Is the kitchen free on Friday?")
        let hand = await Hand(ana)
        let work = try await hand.signIn(ana)
        let chat = try await hand.open(work)
        #expect(chat.name == "Luis Vega" && chat.bubbles[0].shape == .customer && chat.bubbles[0].step == nil)
        try await hand.loseNetwork(world, work, chat)
        #expect(!chat.composer.canSend)
        // It waits too, but not as something that a person sends.
        await chat.markRead()
        chat.composer.text = "Yes, from six on."
        #expect(chat.composer.canSend)
        await chat.composer.send()
        #expect(chat.composer.text.isEmpty && chat.composer.failure == nil)
        try await until { chat.bubbles.count == 2 && work.outbox.count == 1 }
        let kept = chat.bubbles[1]
        #expect(kept.text == "Yes, from six on." && kept.shape == .me && kept.author.text == "Me")
        #expect(kept.step?.text == "On this phone")
        #expect(work.outbox.sections.map(\.name) == ["Luis Vega"] && work.outbox.openTitle == "Outbox, 1 unsent")
        try await until { work.outbox.pause?.text.hasPrefix("No network since ") == true }
        #expect(try world.customerSees() == ["Is the kitchen free on Friday?"])

        try world.network(true)
        await work.outbox.tryNow()
        try await until { chat.bubbles.last?.step?.text == "Delivered" && work.outbox.isEmpty }
        #expect(chat.bubbles[1].id == kept.id && chat.bubbles[1].trouble == nil && chat.bubbles[1].actions.isEmpty)
        #expect(chat.bubbles[1].steps.last?.hasPrefix("Delivered: ") == true)
        #expect(try world.customerSees() == ["Is the kitchen free on Friday?", "Yes, from six on."])
        await hand.putAway()
    }

    @Test func aReplyWaitsForAYesWhenTheOwnerAnsweredMeanwhile() async throws {
        let world = try World()
        let ana = try world.ana()
        try world.customerWrites("Is the kitchen free on Friday?")
        let hand = await Hand(ana)
        let work = try await hand.signIn(ana)
        let chat = try await hand.open(work)
        try await hand.loseNetwork(world, work, chat)
        chat.composer.text = "Yes, from six on."
        await chat.composer.send()
        try world.ownerWrites("Sorry, Friday is full.")
        try world.network(true)
        await work.tryNow()
        try await until { work.outbox.needsMe == 1 && chat.bubbles.count == 3 }
        try await until { chat.bubbles.last?.answer != nil }
        let held = chat.bubbles[2]
        #expect(
            held.trouble
                == Label(
                    icon: "questionmark.circle", text: "Needs you: Owner's phone answered after you had written.",
                    tone: .amber))
        #expect(held.answer == "Sorry, Friday is full.")
        #expect(held.actions.map(\.text) == ["Send anyway", "Edit", "Discard"])
        #expect(chat.bubbles[1].shape == .owner && chat.bubbles[1].author.icon == "storefront")
        #expect(await work.outbox.perform(.sendAnyway, on: held.id) == chat.id)
        await chat.perform(.sendAnyway, on: held.id)
        try await until { chat.bubbles.last?.step?.text == "Delivered" }
        #expect(
            try world.customerSees() == [
                "Is the kitchen free on Friday?", "Sorry, Friday is full.", "Yes, from six on.",
            ])
        await hand.putAway()
    }

    @Test func aWaitingReplyIsChangedAndThrownAway() async throws {
        let world = try World()
        let ana = try world.ana()
        try world.customerWrites("Is the kitchen free on Friday?")
        let hand = await Hand(ana)
        let work = try await hand.signIn(ana)
        let chat = try await hand.open(work)
        try await hand.loseNetwork(world, work, chat)
        chat.quote(chat.bubbles[0].id)
        #expect(chat.composer.banner == "Answer to: Is the kitchen free on Friday?")
        chat.composer.text = "Yes, from five on."
        await chat.composer.send()
        try await until { chat.bubbles.count == 2 }
        #expect(chat.bubbles[1].quote == "Answer to: Is the kitchen free on Friday?" && chat.composer.banner == nil)

        chat.composer.text = "half a thought"
        await chat.perform(.edit, on: chat.bubbles[1].id)
        #expect(chat.composer.text == "Yes, from five on." && chat.composer.banner != nil)
        chat.composer.text = "Yes, from six on."
        await chat.composer.send()
        #expect(chat.composer.text == "half a thought")
        try await until { chat.bubbles.last?.text == "Yes, from six on." }
        #expect(chat.bubbles.count == 2)

        await chat.perform(.discard, on: chat.bubbles[1].id)
        try await until { chat.bubbles.count == 1 }
        #expect(try world.customerSees() == ["Is the kitchen free on Friday?"])
        await hand.putAway()
    }

    @Test func aPersonSettlesWhatNobodyKnows() async throws {
        let world = try World()
        let ana = try world.ana()
        try world.customerWrites("Is the kitchen free on Friday?")
        let hand = await Hand(ana)
        let work = try await hand.signIn(ana)
        let chat = try await hand.open(work)
        try world.sendFails(500)
        chat.composer.text = "Yes, from six on."
        await chat.composer.send()
        try await until { chat.bubbles.last?.actions.map(\.text) == ["It arrived", "Send again"] }
        #expect(chat.bubbles[1].trouble?.text == "Needs you: We do not know if it went out.")
        try await until { work.outbox.needsMe == 1 }
        #expect(work.outbox.sections[0].rows[0].trouble?.tone == .amber)
        await chat.perform(.sendAgain, on: chat.bubbles[1].id)
        try await until { chat.bubbles.last?.step?.text == "Delivered" && work.outbox.isEmpty }
        #expect(try world.customerSees() == ["Is the kitchen free on Friday?", "Yes, from six on."])
        await hand.putAway()
    }

    @Test func aRefusedReplySaysSoAndIsWrittenAnew() async throws {
        let world = try World()
        let ana = try world.ana()
        try world.customerWrites("Is the kitchen free on Friday?")
        let hand = await Hand(ana)
        let chat = try await hand.open(try await hand.signIn(ana))
        try world.sendFails(131_026)
        chat.composer.text = "Yes, from six on."
        await chat.composer.send()
        try await until { chat.bubbles.last?.trouble?.tone == .red }
        let refused = chat.bubbles[1]
        #expect(refused.trouble?.text == "Stopped: This customer cannot be reached on WhatsApp.")
        #expect(refused.actions.map(\.text) == ["Edit"])
        await chat.perform(.edit, on: refused.id)
        chat.composer.text = "Yes, from seven on."
        await chat.composer.send()
        try await until {
            chat.bubbles.last?.text == "Yes, from seven on." && chat.bubbles.last?.step?.text == "Delivered"
        }
        #expect(try world.customerSees() == ["Is the kitchen free on Friday?", "Yes, from seven on."])
        await hand.putAway()
    }

    @Test func aClosedWindowTakesNoText() async throws {
        let world = try World()
        let ana = try world.ana()
        try world.customerWrites("Is the kitchen free on Friday?", ageMs: 86_405_000)
        let hand = await Hand(ana)
        let work = try await hand.signIn(ana)
        #expect(work.inbox.rows[0].window.text == "Template only")
        let chat = try await hand.open(work)
        chat.composer.text = "Yes."
        try await until { chat.composer.closed != nil }
        #expect(chat.composer.closed?.hasPrefix("The window closed at ") == true)
        #expect(!chat.composer.canSend && chat.composer.text == "Yes.")
        await hand.putAway()
    }

    @Test func aTextThatIsTooLongSaysByHowMuch() async throws {
        let world = try World()
        let ana = try world.ana()
        try world.customerWrites("Hello?")
        let hand = await Hand(ana)
        let chat = try await hand.open(try await hand.signIn(ana))
        chat.composer.text = String(repeating: "x", count: 4_096)
        #expect(chat.composer.canSend && chat.composer.counter?.text == "4,096 of 4,096")
        chat.composer.text += "x"
        #expect(!chat.composer.canSend && chat.composer.counter?.text == "1 character too long")
        await hand.putAway()
    }

    @Test func aRestartWithoutANetworkShowsWhatWasThere() async throws {
        let world = try World()
        let ana = try world.ana()
        let secrets = MemorySecrets()
        try world.customerWrites("Is the kitchen free on Friday?")
        let before = await Hand(ana, secrets: secrets)
        let first = try await before.signIn(ana)
        let chat = try await before.open(first)
        try await before.loseNetwork(world, first, chat)
        chat.composer.text = "Yes, from six on."
        await chat.composer.send()
        await before.putAway()

        let after = await Hand(ana, secrets: secrets)
        let work = try await after.list()
        #expect(work.inbox.rows[0].preview == "Yes, from six on." && work.inbox.rows[0].author?.text == "Me")
        #expect(work.inbox.rows[0].unsent?.text == "1 on this phone")
        try world.network(true)
        await work.tryNow()
        let again = try await after.open(work)
        try await until { again.bubbles.last?.step?.text == "Delivered" }
        #expect(try world.customerSees() == ["Is the kitchen free on Friday?", "Yes, from six on."])
        await after.putAway()
    }

    @Test func aSessionThatEndedAsksForThePasswordAndLosesNothing() async throws {
        let world = try World()
        let ana = try world.ana()
        try world.customerWrites("Is the kitchen free on Friday?")
        let hand = await Hand(ana)
        let work = try await hand.signIn(ana)
        let chat = try await hand.open(work)
        try world.act("world", "end_session", ["agent": "ana"])
        try await until { work.needsPassword }
        #expect(work.health?.text == "Sign in again to send. Nothing is lost." && work.health?.tone == .red)
        chat.composer.text = "Yes, from six on."
        await chat.composer.send()
        try await until { chat.bubbles.count == 2 && work.outbox.count == 1 }
        #expect(chat.bubbles[1].step?.text == "On this phone")
        #expect(chat.bubbles[1].trouble?.text == "Needs you: Sign in again to send. Nothing is lost.")
        #expect(chat.bubbles[1].actions.map(\.text) == ["Edit", "Discard"])

        work.signInAgain()
        let again = try await hand.signIn(ana)
        let same = try await hand.open(again)
        try await until { same.bubbles.last?.step?.text == "Delivered" && again.outbox.isEmpty && again.health == nil }
        #expect(try world.customerSees() == ["Is the kitchen free on Friday?", "Yes, from six on."])
        await hand.putAway()
    }
}
