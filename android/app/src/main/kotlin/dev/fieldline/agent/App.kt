package dev.fieldline.agent

import androidx.activity.compose.BackHandler
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.saveable.rememberSaveableStateHolder
import androidx.compose.runtime.setValue
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import dev.fieldline.sdk.Entry
import dev.fieldline.sdk.Fieldline
import dev.fieldline.sdk.Office
import dev.fieldline.sdk.screen.Problem
import dev.fieldline.ui.BlankPage
import dev.fieldline.ui.ConversationList
import dev.fieldline.ui.Outbox
import kotlinx.coroutines.launch

/** Which screen is shown. */
@Composable
internal fun App(fieldline: Fieldline) {
    val entry by fieldline.entry.collectAsStateWithLifecycle()
    var signingIn by rememberSaveable { mutableStateOf(false) }
    // Whoever signs in again comes back to where they were, with what they had typed; nobody else does.
    val places = rememberSaveableStateHolder()
    when (val it = entry) {
        Entry.Opening -> {
            BlankPage()
        }

        is Entry.Broken -> {
            BlankPage(it.problem)
        }

        is Entry.SignedOut -> {
            SignInRoute(fieldline, it.server, onBack = null) {}
        }

        is Entry.SignedIn -> {
            if (signingIn) {
                SignInRoute(fieldline, it.server, onBack = { signingIn = false }) { signingIn = false }
            } else {
                places.SaveableStateProvider(it.member) { Inside(it.office) { signingIn = true } }
            }
        }
    }
}

private const val LIST = "list"
private const val OUTBOX = "outbox"
private const val CHAT = "chat:"

/** The way through the screens: kept over turning and over the process. */
@Composable
private fun Inside(
    office: Office,
    onSignIn: () -> Unit,
) {
    var path by rememberSaveable { mutableStateOf(arrayListOf(LIST)) }
    // What was typed in a conversation is there when one comes back to it.
    val kept = rememberSaveableStateHolder()
    val back = { path = ArrayList(path.dropLast(1)) }
    val go = { place: String -> path = ArrayList(path + place) }
    BackHandler(enabled = path.size > 1, onBack = back)
    val here = path.last()
    kept.SaveableStateProvider(here) {
        when (here) {
            LIST -> ListRoute(office, onOpen = { go(CHAT + it) }, onOutbox = { go(OUTBOX) }, onSignIn)
            OUTBOX -> OutboxRoute(office, back, onOpen = { go(CHAT + it) }, onSignIn)
            else -> ChatRoute(office, here.removePrefix(CHAT), back, onSignIn)
        }
    }
}

@Composable
private fun ListRoute(
    office: Office,
    onOpen: (String) -> Unit,
    onOutbox: () -> Unit,
    onSignIn: () -> Unit,
) {
    val screen by office.list.collectAsStateWithLifecycle(null)
    screen?.let { ConversationList(it, onOpen, onOutbox, office::showMore, onSignIn) } ?: BlankPage()
}

@Composable
private fun OutboxRoute(
    office: Office,
    onBack: () -> Unit,
    onOpen: (String) -> Unit,
    onSignIn: () -> Unit,
) {
    val screen by office.outbox.collectAsStateWithLifecycle(null)
    var problem by remember { mutableStateOf<Problem?>(null) }
    val scope = rememberCoroutineScope()
    screen?.let {
        Outbox(
            it,
            problem,
            onBack,
            // What looks first is not among these actions, so no number was seen.
            onAction = { item, action -> scope.launch { problem = office.act(item.key, action, seenN = 0) } },
            onOpen,
            onSignIn,
        )
    } ?: BlankPage()
}
