package dev.fieldline.ui

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import dev.fieldline.sdk.screen.Action
import dev.fieldline.sdk.screen.OutboxItem
import dev.fieldline.sdk.screen.OutboxScreen
import dev.fieldline.sdk.screen.Problem
import dev.fieldline.sdk.screen.Why
import dev.fieldline.ui.look.Sizes

/** All unsent work (E6), in the core's order, with a heading wherever the conversation changes. */
@Composable
fun Outbox(
    screen: OutboxScreen,
    problem: Problem?,
    onBack: () -> Unit,
    onAction: (OutboxItem, Action) -> Unit,
    onOpen: (String) -> Unit,
    onSignIn: () -> Unit,
    modifier: Modifier = Modifier,
) {
    val times = rememberTimes(screen.now)
    val pause = screen.pause
    Page(modifier) {
        Bar(stringResource(R.string.outbox_title), onBack)
        if (pause != null && screen.items.isNotEmpty()) Banner(pause.state, pauseSentence(pause, times), onSignIn)
        ProblemLine(problem, Modifier.padding(Sizes.spaceL))
        if (screen.items.isEmpty()) {
            EmptyPage(stringResource(R.string.outbox_empty), null)
        } else {
            LazyColumn(Modifier.weight(1f)) {
                screen.items.forEachIndexed { at, item ->
                    if (at == 0 || screen.items[at - 1].conversation != item.conversation) {
                        item(key = "head $at ${item.conversation}") { Heading(item.name) }
                    }
                    item(
                        key = item.key,
                    ) { Entry(item, pause != null, times, { onAction(item, it) }, { onOpen(item.conversation) }) }
                }
            }
        }
    }
}

/** Reasons of the whole outbox. */
private val pausing = setOf(Why.NO_NETWORK, Why.SERVER_UNREACHABLE, Why.SIGN_IN_AGAIN)

@Composable
private fun Heading(name: String) {
    Text(
        name,
        Modifier
            .fillMaxWidth()
            .padding(
                start = Sizes.spaceL,
                end = Sizes.spaceL,
                top = Sizes.spaceL,
                bottom = Sizes.spaceXs,
            ).semantics {
                heading()
            },
        color = LocalColours.current.muted,
        style = MaterialTheme.typography.titleSmall,
    )
}

@OptIn(ExperimentalLayoutApi::class)
@Composable
private fun Entry(
    item: OutboxItem,
    paused: Boolean,
    times: Times,
    onAction: (Action) -> Unit,
    onOpen: () -> Unit,
) {
    val colours = LocalColours.current
    // One line above all says it once.
    val snag = item.snag?.takeUnless { paused && it.why in pausing }
    Column(
        Modifier.fillMaxWidth().background(colours.surface).padding(horizontal = Sizes.spaceL, vertical = Sizes.spaceM),
        verticalArrangement = Arrangement.spacedBy(Sizes.spaceXs),
    ) {
        Column(Modifier.semantics(mergeDescendants = true) {}, Arrangement.spacedBy(Sizes.spaceXs)) {
            workWord(item.work)?.let { Text(it, color = colours.muted, style = MaterialTheme.typography.bodyMedium) }
            item.text?.let { Text(it, color = colours.text, style = MaterialTheme.typography.bodyLarge) }
            FlowRow(
                horizontalArrangement = Arrangement.spacedBy(Sizes.spaceM),
                itemVerticalAlignment = Alignment.CenterVertically,
            ) {
                Text(
                    stringResource(R.string.outbox_written, times.stamp(item.writtenAt)),
                    color = colours.muted,
                    style = MaterialTheme.typography.bodySmall,
                )
                StepMark(item.step)
                snag?.nextTry?.let {
                    val word = stringResource(R.string.outbox_next_try, times.clock(it))
                    Text(word, color = colours.muted, style = MaterialTheme.typography.bodySmall)
                }
            }
            snag?.let { SnagMark(it, times) }
        }
        snag?.let { OtherAnswer(it) }
        ActionRow(item.actions, onAction)
        if (item.looksFirst) {
            TextButton(onOpen, Modifier.heightIn(min = Sizes.target)) { Text(stringResource(R.string.chat_open)) }
        }
    }
    HorizontalDivider(color = colours.line)
}
