package dev.fieldline.ui

import androidx.compose.foundation.layout.BoxWithConstraints
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.itemsIndexed
import androidx.compose.foundation.lazy.rememberLazyListState
import androidx.compose.foundation.text.input.TextFieldState
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.min
import dev.fieldline.sdk.screen.Action
import dev.fieldline.sdk.screen.AuthorMark
import dev.fieldline.sdk.screen.Bubble
import dev.fieldline.sdk.screen.ChatScreen
import dev.fieldline.sdk.screen.LinkTrouble
import dev.fieldline.sdk.screen.Problem
import dev.fieldline.ui.look.Sizes

/** What a person can do in a conversation. */
class ChatEvents(
    val onBack: () -> Unit,
    val onOlder: () -> Unit,
    val onAction: (Bubble, Action) -> Unit,
    val onSend: () -> Unit,
    val onStopEditing: () -> Unit,
    val onSignIn: () -> Unit,
)

/** Bubbles with head and composer (E3, E4). [editing]: the draft takes the place of a reply that waits. */
@Composable
fun Conversation(
    screen: ChatScreen,
    draft: TextFieldState,
    editing: Boolean,
    problem: Problem?,
    events: ChatEvents,
    modifier: Modifier = Modifier,
) {
    val times = rememberTimes(screen.now)
    Page(modifier) {
        Bar(screen.name, events.onBack, below = { WindowMark(screen.window, screen.now) })
        LinkBanner(screen.link, times, events.onSignIn)
        BoxWithConstraints(Modifier.weight(1f).fillMaxWidth()) {
            val widest = min(maxWidth * BUBBLE_SHARE, Sizes.bubbleMax)
            Bubbles(screen, widest, times, events)
        }
        ProblemLine(problem, Modifier.padding(horizontal = Sizes.spaceL, vertical = Sizes.spaceS))
        if (screen.held) {
            Composer(draft, screen.window, screen.now, offline(screen), editing, events)
        } else {
            EmptyPage(stringResource(R.string.chat_gone), null)
        }
    }
}

/** Part of the width that a bubble takes at most. */
private const val BUBBLE_SHARE = 0.82f

private fun offline(screen: ChatScreen): Boolean =
    when (screen.link?.state) {
        null, LinkTrouble.CONNECTING -> false
        else -> true
    }

@Composable
private fun Bubbles(
    screen: ChatScreen,
    widest: Dp,
    times: Times,
    events: ChatEvents,
) {
    if (screen.bubbles.isEmpty() && screen.held) {
        EmptyPage(stringResource(R.string.chat_empty), null)
        return
    }
    val newestFirst = screen.bubbles.asReversed()
    val newest = newestFirst.firstOrNull()
    val state = rememberLazyListState()
    LaunchedEffect(newest?.key) {
        // Only for whoever is at the end already, and for one's own words.
        val atEnd = state.firstVisibleItemIndex <= 1 && !state.isScrollInProgress
        if (atEnd || newest?.author?.mark == AuthorMark.ME) state.scrollToItem(0)
    }
    // Laid out from the end: what is being read stays where it is when something comes.
    LazyColumn(Modifier.fillMaxSize(), state, reverseLayout = true, contentPadding = PaddingValues(vertical = Sizes.spaceS)) {
        itemsIndexed(newestFirst, key = { _, bubble -> bubble.key }) { at, bubble ->
            val before = newestFirst.getOrNull(at + 1)
            BubbleRow(bubble, before?.author != bubble.author, widest, times) { events.onAction(bubble, it) }
        }
        if (screen.hasOlder) {
            item(key = "older") {
                TextButton(events.onOlder, Modifier.fillMaxWidth().heightIn(min = Sizes.target)) {
                    Text(stringResource(R.string.chat_older))
                }
            }
        }
    }
}
