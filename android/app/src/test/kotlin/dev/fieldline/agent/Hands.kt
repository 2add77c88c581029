package dev.fieldline.agent

import android.provider.Settings.Global
import androidx.compose.ui.test.hasClickAction
import androidx.compose.ui.test.hasContentDescription
import androidx.compose.ui.test.hasSetTextAction
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.isEnabled
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import androidx.compose.ui.test.performTextInput
import dev.fieldline.testing.TestKeystore
import dev.fieldline.testing.World
import dev.fieldline.testing.checkLayout
import dev.fieldline.testing.picture
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Rule
import org.junit.rules.ExternalResource
import org.junit.rules.RuleChain
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** The hands of an employee on the whole app: the real core, a real platform and a simulated WhatsApp behind it. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(qualifiers = "w360dp-h740dp-xhdpi")
abstract class Hands {
    protected val rule = createAndroidComposeRule<MainActivity>()
    private val before =
        object : ExternalResource() {
            override fun before() {
                Global.putString(RuntimeEnvironment.getApplication().contentResolver, Global.DEVICE_NAME, "Ana's phone")
                TestKeystore.install()
            }
        }

    @get:Rule
    val rules: RuleChain = RuleChain.outerRule(before).around(rule)

    protected val world = World()
    protected lateinit var manner: String

    @After
    fun end() {
        runBlocking { (rule.activity.application as FieldlineApplication).fieldline.shutdown() }
        world.close()
    }

    protected fun type(
        label: String,
        text: String,
    ) = rule.onNode(hasSetTextAction() and hasText(label)).performTextInput(text)

    /** Signs in by password, past the first screen. */
    protected fun signIn() {
        val ana = world.agent("ana")
        seen("Answer your customers")
        type("Server", ana.server)
        type("E-mail", ana.email)
        type("Password", ana.password)
        tap("Sign in")
        seen("Nothing assigned to you")
    }

    /** Writes a reply into the open conversation. */
    protected fun write(
        text: String,
        button: String,
    ) {
        seen("Write a reply")
        rule.onNode(hasSetTextAction()).performTextInput(text)
        tap(button)
    }

    /** Waits until a text is nowhere on the screen. */
    protected fun gone(text: String) {
        val target = hasText(text, substring = true)
        rule.waitUntil("'$text' to go", PATIENCE) { rule.onAllNodes(target).fetchSemanticsNodes().isEmpty() }
    }

    protected fun tap(word: String) {
        val target = hasClickAction() and isEnabled() and hasText(word) and !hasSetTextAction()
        rule.waitUntil("$word to tap", PATIENCE) { rule.onAllNodes(target).fetchSemanticsNodes().isNotEmpty() }
        runCatching { rule.onNode(target).performScrollTo() }
        rule.onNode(target).performClick()
        rule.waitForIdle()
    }

    protected fun tapDescribed(word: String) {
        val target = hasContentDescription(word) and hasClickAction()
        rule.waitUntil("$word to tap", PATIENCE) { rule.onAllNodes(target).fetchSemanticsNodes().isNotEmpty() }
        rule.onNode(target).performClick()
        rule.waitForIdle()
    }

    /** Waits until a text is on the screen so many times. */
    protected fun seenTimes(
        count: Int,
        text: String,
    ) {
        val target = hasText(text, substring = true)
        rule.waitUntil("'$text' to be seen $count times", PATIENCE) {
            rule.onAllNodes(target).fetchSemanticsNodes().size == count
        }
    }

    /** Waits until a text is on the screen. */
    protected fun seen(text: String) {
        val target = hasText(text, substring = true)
        rule.waitUntil("'$text' to be seen", PATIENCE) { rule.onAllNodes(target).fetchSemanticsNodes().isNotEmpty() }
    }

    protected fun show(name: String) {
        rule.waitForIdle()
        rule.checkLayout("$manner $name")
        val folder = System.getProperty("fieldline.screens") ?: System.getProperty("fieldline.pictures") ?: return
        rule.runOnUiThread { rule.activity.picture(folder, "$name-$manner") }
    }

    companion object {
        internal const val ROSA = "34600111001"

        /** A phone that comes online again waits its back-off first. */
        private const val PATIENCE = 30_000L
    }
}
