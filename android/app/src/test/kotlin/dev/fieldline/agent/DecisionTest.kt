package dev.fieldline.agent

import androidx.compose.ui.test.hasSetTextAction
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.performTextInput
import androidx.compose.ui.test.performTextReplacement
import org.junit.Assert.assertEquals
import org.junit.Test
import org.robolectric.annotation.Config

/** What only a person can decide about a reply, decided on the app's own screens. */
class DecisionTest : Hands() {
    private val question = "Is the boiler repaired today?"

    private fun asked() {
        signIn()
        world.customerWrites(ROSA, "Rosa Delgado", question)
        tap("Rosa Delgado")
        seen(question)
    }

    private fun sent() = world.customerSees(ROSA) - question

    /** R8: held, both texts, send anyway. */
    private fun answeredMeanwhile() {
        asked()
        world.goOffline("ana")
        seen("Offline since")
        write("I am there at four.", "Send when online")
        world.ownerWrites(ROSA, "Maria comes at two.")
        world.goOnline("ana")
        seen("Needs you: Owner's phone answered after you had written.")
        // The owner's answer stands as a bubble, and beside the reply that waits. The hold is known before its cause has been pulled.
        seenTimes(2, "Maria comes at two.")
        show("answered-meanwhile")
        assertEquals(listOf("Maria comes at two."), sent())
        tapDescribed("Back")
        seen("1 needs you")
        tapDescribed("Outbox, 1 unsent")
        seen("Open the conversation")
        show("outbox-needs-me")
        tap("Open the conversation")
        tap("Send anyway")
        seen("Delivered")
        gone("Needs you")
        assertEquals(listOf("Maria comes at two.", "I am there at four."), sent())
    }

    @Test
    fun theOwnerAnsweredMeanwhileLight() {
        manner = "light"
        answeredMeanwhile()
    }

    @Test
    @Config(qualifiers = "+night")
    fun theOwnerAnsweredMeanwhileDark() {
        manner = "dark"
        answeredMeanwhile()
    }

    /** R14, settled the one way and the other. */
    private fun unknownOutcome() {
        asked()
        world.sendFails(500)
        write("I am there at four.", "Send")
        seen("Needs you: We do not know if it went out.")
        show("unknown-outcome")
        tap("It arrived")
        gone("Needs you")
        seen("Sent")
        assertEquals(emptyList<String>(), sent())

        world.sendFails(500)
        write("I bring the valve.", "Send")
        seen("Needs you: We do not know if it went out.")
        tap("Send again")
        seen("Delivered")
        gone("Needs you")
        assertEquals(listOf("I bring the valve."), sent())
    }

    @Test
    fun nobodyKnowsWhetherItWentOutLight() {
        manner = "light"
        unknownOutcome()
    }

    @Test
    @Config(qualifiers = "+night")
    fun nobodyKnowsWhetherItWentOutDark() {
        manner = "dark"
        unknownOutcome()
    }

    @Test
    fun aReplyIsChangedAndAnotherThrownAway() {
        manner = "light"
        asked()
        world.goOffline("ana")
        seen("Offline since")
        write("I am there at for.", "Send when online")
        tap("Edit")
        seen("Editing a reply that has not reached WhatsApp")
        show("editing")
        rule.onNode(hasSetTextAction()).performTextReplacement("I am there at four.")
        tap("Send when online")
        gone("I am there at for.")
        gone("Editing a reply")
        seen("I am there at four.")
        // Cancelled, an edit leaves all as it was.
        tap("Edit")
        seen("Editing a reply that has not reached WhatsApp")
        tap("Cancel")
        gone("Editing a reply")
        tapDescribed("Back")
        tapDescribed("Outbox, 1 unsent")
        seen("I am there at four.")
        tap("Discard")
        seen("Everything has been sent.")
        world.goOnline("ana")
        tapDescribed("Back")
        tap("Rosa Delgado")
        gone("Offline since")
        gone("I am there at four.")
        write("See you tomorrow.", "Send")
        seen("Delivered")
        assertEquals(listOf("See you tomorrow."), sent())
    }

    /** R3: the password is asked for, everything is kept, then it goes. */
    private fun endedSession() {
        asked()
        world.endSession("ana")
        seen("Sign in again to send. Nothing is lost.")
        write("I am there at four.", "Send when online")
        seen("On this phone")
        show("session-ended")
        rule.onNode(hasSetTextAction()).performTextInput("And I bring")
        tap("Sign in")
        val ana = world.agent("ana")
        type("E-mail", ana.email)
        type("Password", "not this one")
        tap("Sign in")
        seen("E-mail or password is wrong.")
        rule.onNode(hasSetTextAction() and hasText("Password")).performTextReplacement(ana.password)
        tap("Sign in")
        seen(question)
        seen("Delivered")
        gone("Sign in again")
        seen("And I bring")
        assertEquals(listOf("I am there at four."), sent())
    }

    @Test
    fun aSessionThatEndedLosesNothingLight() {
        manner = "light"
        endedSession()
    }

    @Test
    @Config(qualifiers = "+night")
    fun aSessionThatEndedLosesNothingDark() {
        manner = "dark"
        endedSession()
    }
}
