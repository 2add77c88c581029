package dev.fieldline.ui

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.foundation.text.input.TextFieldLineLimits
import androidx.compose.foundation.text.input.TextFieldState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.input.KeyboardCapitalization
import androidx.compose.ui.unit.dp
import dev.fieldline.sdk.screen.Window
import dev.fieldline.ui.look.Sizes

/** WhatsApp's limit of a text, in Unicode scalar values. The core refuses more; this only warns while typing. */
private const val LIMIT = 4096

/** From here on the count is shown. */
private const val NEAR_LIMIT = 3800

/** Lines of the draft that are shown at once, at the usual size of text. */
private const val MOST_LINES = 6

/** Draft, countdown and the one main action (E4). */
@OptIn(ExperimentalLayoutApi::class)
@Composable
internal fun Composer(
    draft: TextFieldState,
    window: Window,
    now: Long,
    offline: Boolean,
    editing: Boolean,
    events: ChatEvents,
) {
    val colours = LocalColours.current
    val open = window.minutesLeft(now) != null
    val lines = (MOST_LINES / LocalDensity.current.fontScale).toInt().coerceAtLeast(2)
    val length =
        draft.text
            .codePoints()
            .count()
            .toInt()
    HorizontalDivider(color = colours.line)
    Column(
        // Scrolls where large text leaves too little room for all of it.
        Modifier
            .fillMaxWidth()
            .background(colours.surface)
            .verticalScroll(rememberScrollState())
            .padding(Sizes.spaceM),
        verticalArrangement = Arrangement.spacedBy(Sizes.spaceS),
    ) {
        if (editing) {
            Row(verticalAlignment = Alignment.CenterVertically) {
                Text(
                    stringResource(R.string.composer_editing),
                    Modifier.weight(1f),
                    color = colours.info,
                    style = MaterialTheme.typography.bodyMedium,
                )
                TextButton(
                    events.onStopEditing,
                    Modifier.heightIn(min = Sizes.target),
                ) { Text(stringResource(R.string.cancel)) }
            }
        }
        OutlinedTextField(
            draft,
            Modifier.fillMaxWidth(),
            placeholder = { Text(stringResource(R.string.composer_hint)) },
            isError = length > LIMIT,
            keyboardOptions = KeyboardOptions(capitalization = KeyboardCapitalization.Sentences),
            lineLimits = TextFieldLineLimits.MultiLine(maxHeightInLines = lines),
        )
        if (!open) Marked(R.drawable.icon_lock_clock, windowClosedSentence(window, rememberTimes(now)), tint = colours.amber)
        FlowRow(
            Modifier.fillMaxWidth(),
            horizontalArrangement = Arrangement.SpaceBetween,
            verticalArrangement = Arrangement.spacedBy(Sizes.spaceXs),
            itemVerticalAlignment = Alignment.CenterVertically,
        ) {
            Column {
                if (open) WindowMark(window, now)
                Count(length)
            }
            val word = if (offline) R.string.composer_send_when_online else R.string.composer_send
            Button(
                events.onSend,
                Modifier.heightIn(min = Sizes.target),
                enabled = open && draft.text.isNotBlank() && length <= LIMIT,
            ) {
                Icon(
                    painterResource(R.drawable.icon_send),
                    contentDescription = null,
                    Modifier.padding(end = Sizes.spaceS).size(20.dp),
                )
                Text(stringResource(word))
            }
        }
    }
}

@Composable
private fun Count(length: Int) {
    val colours = LocalColours.current
    val style = MaterialTheme.typography.bodySmall
    if (length > LIMIT) {
        val over = length - LIMIT
        Text(pluralStringResource(R.plurals.composer_too_long, over, over.toString()), color = colours.red, style = style)
    } else if (length >= NEAR_LIMIT) {
        Text(stringResource(R.string.composer_count, length.toString(), LIMIT.toString()), color = colours.muted, style = style)
    }
}
