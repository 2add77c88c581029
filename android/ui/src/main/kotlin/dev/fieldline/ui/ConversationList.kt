package dev.fieldline.ui

import androidx.compose.foundation.background
import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.shape.CircleShape
import androidx.compose.material3.Badge
import androidx.compose.material3.BadgedBox
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.platform.LocalLayoutDirection
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.clearAndSetSemantics
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.text.style.TextOverflow
import androidx.compose.ui.unit.LayoutDirection
import androidx.compose.ui.unit.dp
import dev.fieldline.sdk.screen.ListItem
import dev.fieldline.sdk.screen.ListScreen
import dev.fieldline.ui.look.Sizes

/** Marks a text that may be shortened, because opening it shows all. */
const val SHORTENED = "shortened"

/** The conversation list (E2). */
@Composable
fun ConversationList(
    screen: ListScreen,
    onOpen: (String) -> Unit,
    onOutbox: () -> Unit,
    onMore: () -> Unit,
    onSignIn: () -> Unit,
    modifier: Modifier = Modifier,
) {
    val times = rememberTimes(screen.now)
    Page(modifier) {
        Bar(stringResource(R.string.list_title), onBack = null) { OutboxButton(screen.unsent, onOutbox) }
        LinkBanner(screen.link, times, onSignIn)
        when {
            screen.loading -> {
                EmptyPage(stringResource(R.string.list_loading), null)
            }

            screen.items.isEmpty() -> {
                EmptyPage(stringResource(R.string.list_empty), stringResource(R.string.list_empty_more))
            }

            else -> {
                LazyColumn(Modifier.weight(1f)) {
                    items(screen.items, key = { it.key }) { ListRow(it, screen.now, times) { onOpen(it.key) } }
                    if (screen.hasMore) {
                        item(key = "more") {
                            TextButton(onMore, Modifier.fillMaxWidth().heightIn(min = Sizes.target)) {
                                Text(stringResource(R.string.list_more))
                            }
                        }
                    }
                }
            }
        }
    }
}

@Composable
private fun OutboxButton(
    unsent: Int,
    onOutbox: () -> Unit,
) {
    val label =
        if (unsent == 0) {
            stringResource(R.string.outbox_open_empty)
        } else {
            pluralStringResource(R.plurals.outbox_open, unsent, unsent.toString())
        }
    val colours = LocalColours.current
    IconButton(onOutbox, Modifier.size(56.dp).semantics { contentDescription = label }) {
        BadgedBox(
            badge = {
                if (unsent > 0) {
                    Badge(containerColor = colours.primary, contentColor = colours.onPrimary) {
                        Text(unsent.toString(), Modifier.clearAndSetSemantics {}, style = MaterialTheme.typography.labelMedium)
                    }
                }
            },
        ) {
            Icon(painterResource(R.drawable.icon_outbox), contentDescription = null, tint = colours.text)
        }
    }
}

@OptIn(ExperimentalLayoutApi::class)
@Composable
private fun ListRow(
    item: ListItem,
    now: Long,
    times: Times,
    onOpen: () -> Unit,
) {
    val colours = LocalColours.current
    Row(
        Modifier
            .fillMaxWidth()
            .clickable(onClickLabel = stringResource(R.string.chat_open), onClick = onOpen)
            .heightIn(min = Sizes.row)
            .padding(horizontal = Sizes.spaceL, vertical = Sizes.spaceM),
        horizontalArrangement = Arrangement.spacedBy(Sizes.spaceM),
    ) {
        Picture(item.name)
        Column(Modifier.weight(1f), verticalArrangement = Arrangement.spacedBy(2.dp)) {
            Row(horizontalArrangement = Arrangement.spacedBy(Sizes.spaceS), verticalAlignment = Alignment.CenterVertically) {
                Text(
                    item.name,
                    Modifier.weight(1f).testTag(SHORTENED),
                    color = colours.text,
                    fontWeight = if (item.unread > 0) FontWeight.Bold else FontWeight.Medium,
                    maxLines = 1,
                    overflow = TextOverflow.Ellipsis,
                    textAlign = sideOfLayout(),
                    style = MaterialTheme.typography.bodyLarge,
                )
                item.at?.let { Text(times.stamp(it), color = colours.muted, style = MaterialTheme.typography.bodySmall) }
            }
            Row(horizontalArrangement = Arrangement.spacedBy(Sizes.spaceS), verticalAlignment = Alignment.CenterVertically) {
                PreviewLine(item, Modifier.weight(1f))
                Unread(item.unread)
            }
            FlowRow(
                horizontalArrangement = Arrangement.spacedBy(Sizes.spaceM),
                verticalArrangement = Arrangement.spacedBy(2.dp),
            ) {
                WindowMark(item.window, now)
                if (item.waiting > 0) {
                    val word = pluralStringResource(R.plurals.list_waiting, item.waiting, item.waiting.toString())
                    Marked(R.drawable.icon_smartphone, word)
                }
                if (item.needsMe > 0) {
                    val word = pluralStringResource(R.plurals.list_needs_me, item.needsMe, item.needsMe.toString())
                    Marked(R.drawable.icon_help, word, tint = colours.amber)
                }
            }
        }
    }
    HorizontalDivider(color = colours.line)
}

@Composable
private fun PreviewLine(
    item: ListItem,
    modifier: Modifier,
) {
    val colours = LocalColours.current
    val author = item.author
    val preview = item.preview
    if (author == null || preview == null) return
    Row(modifier, horizontalArrangement = Arrangement.spacedBy(Sizes.spaceXs), verticalAlignment = Alignment.CenterVertically) {
        Icon(painterResource(author.mark.icon()), writerWord(author), Modifier.size(16.dp), tint = colours.muted)
        Text(
            contentWord(preview),
            Modifier.weight(1f).testTag(SHORTENED),
            color = colours.muted,
            maxLines = 1,
            overflow = TextOverflow.Ellipsis,
            textAlign = sideOfLayout(),
            style = MaterialTheme.typography.bodyMedium,
        )
    }
}

/** Rows stand in columns: a name in another direction begins where the others do. */
@Composable
private fun sideOfLayout(): TextAlign =
    if (LocalLayoutDirection.current ==
        LayoutDirection.Ltr
    ) {
        TextAlign.Left
    } else {
        TextAlign.Right
    }

@Composable
private fun Unread(count: Int) {
    if (count == 0) return
    val colours = LocalColours.current
    val label = pluralStringResource(R.plurals.list_unread, count, count.toString())
    Box(
        Modifier
            .widthIn(min = 24.dp)
            .clip(CircleShape)
            .background(colours.primary)
            .padding(horizontal = 6.dp, vertical = 2.dp)
            .clearAndSetSemantics { contentDescription = label },
        contentAlignment = Alignment.Center,
    ) {
        Text(count.toString(), color = colours.onPrimary, style = MaterialTheme.typography.labelMedium)
    }
}

/** The first letter, until there are pictures. */
@Composable
private fun Picture(name: String) {
    val colours = LocalColours.current
    val first = name.firstOrNull(Char::isLetter)
    Box(
        Modifier
            .size(Sizes.picture)
            .clip(CircleShape)
            .background(colours.bubbleMe)
            .clearAndSetSemantics {},
        contentAlignment = Alignment.Center,
    ) {
        if (first == null) {
            Icon(painterResource(R.drawable.icon_person), contentDescription = null, tint = colours.text)
        } else {
            Text(first.uppercase(), color = colours.text, style = MaterialTheme.typography.titleMedium)
        }
    }
}
