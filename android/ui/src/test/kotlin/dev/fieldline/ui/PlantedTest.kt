package dev.fieldline.ui

import android.app.Application
import androidx.activity.ComponentActivity
import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.offset
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.width
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clipToBounds
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.text.style.TextOverflow
import androidx.compose.ui.unit.dp
import dev.fieldline.testing.checkLayout
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** What the layout check must call a fault. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(qualifiers = "w360dp-h740dp-xhdpi", application = Application::class)
class PlantedTest {
    @get:Rule
    val rule = createAndroidComposeRule<ComponentActivity>()

    @Test
    fun shortened() =
        faulty("text does not fit") {
            Text("a sentence that is too long", Modifier.width(60.dp), maxLines = 1, overflow = TextOverflow.Ellipsis)
        }

    @Test
    fun cutAtItsFoot() = faulty("text does not fit") { Text("two lines of a sentence", Modifier.size(60.dp, 20.dp)) }

    @Test
    fun outOfItsFrame() =
        faulty("cut at the side") {
            Box(Modifier.size(100.dp).clipToBounds()) { Text("half out of it", Modifier.offset(x = 60.dp)) }
        }

    @Test
    fun oneOverTheOther() =
        faulty("overlap") {
            Box {
                Text("one")
                Text("other", Modifier.offset(x = 8.dp))
            }
        }

    @Test
    fun aControlWithoutAName() = faulty("a control without a name") { Box(Modifier.size(48.dp).clickable {}) }

    private fun faulty(
        expected: String,
        content: @Composable () -> Unit,
    ) {
        rule.setContent { FieldlineTheme { content() } }
        val said = runCatching { rule.checkLayout("planted") }.exceptionOrNull()?.message.orEmpty()
        assertTrue("'$expected' in '$said'", expected in said)
    }
}
