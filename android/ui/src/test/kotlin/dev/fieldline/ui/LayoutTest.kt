package dev.fieldline.ui

import android.app.Application
import androidx.activity.ComponentActivity
import androidx.compose.foundation.text.input.TextFieldState
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.key
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import dev.fieldline.sdk.screen.Problem
import dev.fieldline.testing.checkLayout
import dev.fieldline.testing.picture
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Every state of every screen, in the light, in the dark, narrow, with large text and from right to left: nothing cut, nothing over another. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(qualifiers = "w360dp-h740dp-xhdpi", application = Application::class)
class LayoutTest {
    @get:Rule
    val rule = createAndroidComposeRule<ComponentActivity>()

    private val states: Map<String, @Composable () -> Unit> =
        buildMap {
            Fixtures.signIns.forEachIndexed { at, it -> put("sign-in-$at") { SignIn(it, fields(), signInEvents) } }
            Fixtures.lists.forEachIndexed { at, it -> put("list-$at") { ConversationList(it, {}, {}, {}, {}) } }
            Fixtures.chats.forEachIndexed { at, it ->
                val problem = Problem.Other("internal").takeIf { at % 5 == 4 }
                val text = if (at % 2 == 0) "" else "x".repeat(at * 300)
                put("chat-$at") { Conversation(it, TextFieldState(text), at % 3 == 2, problem, chatEvents) }
            }
            Fixtures.outboxes.forEachIndexed { at, it -> put("outbox-$at") { Outbox(it, null, {}, { _, _ -> }, {}, {}) } }
        }

    @Test
    fun light() = checkAll("light")

    @Test
    @Config(qualifiers = "+night")
    fun dark() = checkAll("dark")

    @Test
    @Config(qualifiers = "+w320dp-h568dp")
    fun narrow() = checkAll("narrow")

    @Test
    @Config(fontScale = 2f)
    fun largeText() = checkAll("large")

    @Test
    @Config(qualifiers = "+ar-ldrtl")
    fun rightToLeft() = checkAll("rtl")

    private fun checkAll(manner: String) {
        var shown by mutableStateOf("")
        rule.setContent { FieldlineTheme { key(shown) { states[shown]?.invoke() } } }
        val faults = mutableListOf<String>()
        for (name in states.keys) {
            rule.runOnIdle { shown = name }
            rule.waitForIdle()
            System.getProperty("fieldline.pictures")?.let { folder ->
                rule.runOnUiThread { rule.activity.picture("$folder/$manner", name) }
            }
            runCatching { rule.checkLayout("$manner $name") }.onFailure { faults += it.message.orEmpty() }
        }
        check(faults.isEmpty()) { faults.joinToString("\n") }
    }

    private companion object {
        val signInEvents = SignInEvents({}, {}, {}, {})
        val chatEvents = ChatEvents({}, {}, { _, _ -> }, {}, {}, {})

        fun fields() =
            SignInFields(
                TextFieldState("https://fieldline.example"),
                TextFieldState("ana@brook.example"),
                TextFieldState("secret"),
                TextFieldState(""),
            )
    }
}
