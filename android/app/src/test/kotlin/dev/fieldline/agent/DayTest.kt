package dev.fieldline.agent

import androidx.compose.ui.test.hasSetTextAction
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.performTextInput
import androidx.compose.ui.test.performTextReplacement
import androidx.lifecycle.Lifecycle
import org.junit.Assert.assertEquals
import org.junit.Test
import org.robolectric.annotation.Config

/** A part of a working day: the whole app on the real core, a real platform and a simulated WhatsApp, touched as a person does. */
class DayTest : Hands() {
    @Test
    fun light() {
        manner = "light"
        signInByPassword()
        answerOffline()
    }

    @Test
    @Config(qualifiers = "+night")
    fun dark() {
        manner = "dark"
        signInByCode()
        answerOffline()
    }

    private fun signInByPassword() {
        val ana = world.agent("ana")
        seen("Answer your customers")
        type("Server", ana.server)
        type("E-mail", ana.email)
        type("Password", "wrong-password")
        tap("Sign in")
        seen("E-mail or password is wrong.")
        show("sign-in")
        rule.onNode(hasSetTextAction() and hasText("Password")).performTextReplacement(ana.password)
        tap("Sign in")
    }

    private fun signInByCode() {
        val ana = world.agent("ana")
        seen("Answer your customers")
        type("Server", ana.server)
        tap("Link code")
        type("Link code", world.linkCode("ana"))
        tap("Continue")
        seen("Sign in at Brook as Ana?")
        show("sign-in")
        tap("Yes, sign in")
    }

    private fun answerOffline() {
        seen("Nothing assigned to you")
        show("list-empty")
        world.customerWrites(ROSA, "Rosa Delgado", "Is the boiler repaired today?")
        world.customerWrites(NADIA, "نادية حداد", "هل ستأتي اليوم؟")
        world.customerWrites(LUIS, "Luis", "Thank you, that was quick.")
        world.ownerWrites(LUIS, "You are welcome.")
        seen("Rosa Delgado")
        seen("You are welcome.")
        show("list")

        tap("Rosa Delgado")
        seen("Is the boiler repaired today?")
        seen("Write a reply")
        world.goOffline("ana")
        seen("Offline since")
        rule.onNode(hasSetTextAction()).performTextInput("Yes. I am there at four and bring the new valve.")
        show("composer-offline")
        // The system takes the activity away and brings it back: place and draft are kept.
        rule.activityRule.scenario.recreate()
        seen("Yes. I am there at four and bring the new valve.")
        tap("Send when online")
        seen("On this phone")
        show("conversation-offline")
        tapDescribed("Back")

        seen("1 on this phone")
        show("list-offline")
        tapDescribed("Outbox, 1 unsent")
        seen("No network since")
        seen("Yes. I am there at four and bring the new valve.")
        show("outbox-offline")

        world.goOnline("ana")
        tap("Try now")
        seen("Everything has been sent.")
        show("outbox-empty")
        tapDescribed("Back")
        tap("Rosa Delgado")
        seen("Delivered")
        world.ownerWrites(ROSA, "Ana is on her way to you.")
        seen("Ana is on her way to you.")
        show("conversation")

        // Off the screen the core closes its file; back on it, it catches up.
        rule.activityRule.scenario.moveToState(Lifecycle.State.CREATED)
        world.customerWrites(ROSA, "Rosa Delgado", "Good, see you.")
        rule.activityRule.scenario.moveToState(Lifecycle.State.RESUMED)
        seen("Good, see you.")
        val reply = "Yes. I am there at four and bring the new valve."
        assertEquals(1, world.customerSees(ROSA).count { it == reply })
        assertEquals(1, world.ownerSees(ROSA).count { it == reply })
    }

    private companion object {
        const val NADIA = "34600111002"
        const val LUIS = "34600111003"
    }
}
