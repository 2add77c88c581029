package dev.fieldline.agent

import androidx.compose.foundation.text.input.TextFieldState
import androidx.compose.foundation.text.input.setTextAndPlaceCursorAtEnd
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import dev.fieldline.sdk.Office
import dev.fieldline.sdk.screen.Action
import dev.fieldline.sdk.screen.Bubble
import dev.fieldline.sdk.screen.Content
import dev.fieldline.sdk.screen.Problem
import dev.fieldline.ui.BlankPage
import dev.fieldline.ui.ChatEvents
import dev.fieldline.ui.Conversation
import kotlinx.coroutines.launch

/** One conversation with its draft. */
@Composable
internal fun ChatRoute(
    office: Office,
    conversation: String,
    onBack: () -> Unit,
    onSignIn: () -> Unit,
) {
    val chat = remember(office, conversation) { office.chat(conversation) }
    val screen by chat.screen.collectAsStateWithLifecycle(null)
    val draft = rememberSaveable(saver = TextFieldState.Saver) { TextFieldState() }
    var editing by rememberSaveable { mutableStateOf<String?>(null) }
    var setAside by rememberSaveable { mutableStateOf("") }
    var problem by remember { mutableStateOf<Problem?>(null) }
    val scope = rememberCoroutineScope()
    val shown = screen
    // Snapshots come only while the screen is started, which a locked one is not.
    LaunchedEffect(chat, shown?.lastN) { shown?.takeIf { it.held }?.let { chat.read(it.lastN) } }
    if (shown == null) {
        BlankPage()
        return
    }

    fun stopEditing() {
        editing = null
        draft.setTextAndPlaceCursorAtEnd(setAside)
        setAside = ""
    }

    fun act(
        bubble: Bubble,
        action: Action,
    ) {
        val content = bubble.content
        if (action == Action.EDIT && content is Content.Text) {
            if (editing == null) setAside = draft.text.toString()
            editing = bubble.key
            draft.setTextAndPlaceCursorAtEnd(content.text)
        } else {
            scope.launch { problem = office.act(bubble.key, action, shown.lastN) }
        }
    }

    fun send() {
        val text = draft.text.toString()
        val replaced = editing
        // Gone from the field before anything waits: a second tap finds nothing to send.
        if (replaced == null) draft.setTextAndPlaceCursorAtEnd("") else stopEditing()
        scope.launch {
            problem = if (replaced == null) chat.send(text, shown.lastN) else chat.edit(replaced, text, shown.lastN)
            if (problem != null && draft.text.isEmpty()) draft.setTextAndPlaceCursorAtEnd(text)
        }
    }

    val events =
        ChatEvents(
            onBack = onBack,
            onOlder = { scope.launch { problem = chat.older() } },
            onAction = ::act,
            onSend = ::send,
            onStopEditing = ::stopEditing,
            onSignIn = onSignIn,
        )
    Conversation(shown, draft, editing != null, problem, events)
}
