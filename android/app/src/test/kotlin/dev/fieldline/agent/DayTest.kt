package dev.fieldline.agent

import android.provider.Settings.Global
import androidx.compose.ui.test.hasClickAction
import androidx.compose.ui.test.hasSetTextAction
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.isEnabled
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.test.onNodeWithContentDescription
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import androidx.compose.ui.test.performTextInput
import androidx.compose.ui.test.performTextReplacement
import androidx.lifecycle.Lifecycle
import dev.fieldline.testing.TestKeystore
import dev.fieldline.testing.World
import dev.fieldline.testing.checkLayout
import dev.fieldline.testing.picture
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.rules.ExternalResource
import org.junit.rules.RuleChain
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** A part of a working day: the whole app on the real core, a real platform and a simulated WhatsApp, touched as a person does. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(qualifiers = "w360dp-h740dp-xhdpi")
class DayTest {
    private val rule = createAndroidComposeRule<MainActivity>()
    private val before =
        object : ExternalResource() {
            override fun before() {
                Global.putString(RuntimeEnvironment.getApplication().contentResolver, Global.DEVICE_NAME, "Ana's phone")
                TestKeystore.install()
            }
        }

    @get:Rule
    val rules: RuleChain = RuleChain.outerRule(before).around(rule)

    private val world = World()
    private lateinit var manner: String

    @After
    fun end() {
        runBlocking { (rule.activity.application as FieldlineApplication).fieldline.shutdown() }
        world.close()
    }

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

    private fun type(
        label: String,
        text: String,
    ) = rule.onNode(hasSetTextAction() and hasText(label)).performTextInput(text)

    private fun tap(word: String) {
        val target = hasClickAction() and isEnabled() and hasText(word) and !hasSetTextAction()
        rule.waitUntil("$word to tap", PATIENCE) { rule.onAllNodes(target).fetchSemanticsNodes().isNotEmpty() }
        runCatching { rule.onNode(target).performScrollTo() }
        rule.onNode(target).performClick()
        rule.waitForIdle()
    }

    private fun tapDescribed(word: String) {
        rule.onNodeWithContentDescription(word).performClick()
        rule.waitForIdle()
    }

    /** Waits until a text is on the screen. */
    private fun seen(text: String) {
        val target = hasText(text, substring = true)
        rule.waitUntil("'$text' to be seen", PATIENCE) { rule.onAllNodes(target).fetchSemanticsNodes().isNotEmpty() }
    }

    private fun show(name: String) {
        rule.waitForIdle()
        rule.checkLayout("$manner $name")
        val folder = System.getProperty("fieldline.screens") ?: System.getProperty("fieldline.pictures") ?: return
        rule.runOnUiThread { rule.activity.picture(folder, "$name-$manner") }
    }

    private companion object {
        const val ROSA = "34600111001"
        const val NADIA = "34600111002"
        const val LUIS = "34600111003"

        /** A phone that comes online again waits its back-off first. */
        const val PATIENCE = 30_000L
    }
}
