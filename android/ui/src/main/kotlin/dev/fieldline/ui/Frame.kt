package dev.fieldline.ui

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.safeDrawingPadding
import androidx.compose.foundation.layout.size
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import dev.fieldline.sdk.screen.Action
import dev.fieldline.sdk.screen.LinkLine
import dev.fieldline.sdk.screen.LinkTrouble
import dev.fieldline.sdk.screen.Problem
import dev.fieldline.ui.look.Sizes

/** A page: clear of bars, cut-outs and keyboard. */
@Composable
internal fun Page(
    modifier: Modifier = Modifier,
    content: @Composable ColumnScope.() -> Unit,
) {
    Column(modifier.fillMaxSize().background(LocalColours.current.bg).safeDrawingPadding(), content = content)
}

/** Title, way back and what stands at the end. */
@Composable
internal fun Bar(
    title: String,
    onBack: (() -> Unit)?,
    below: (@Composable () -> Unit)? = null,
    end: @Composable () -> Unit = {},
) {
    val colours = LocalColours.current
    Row(
        Modifier
            .fillMaxWidth()
            .background(colours.surface)
            .heightIn(min = 64.dp)
            .padding(horizontal = Sizes.spaceS),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        if (onBack != null) {
            IconButton(onBack, Modifier.size(Sizes.target)) {
                Icon(painterResource(R.drawable.icon_arrow_back), stringResource(R.string.back), tint = colours.text)
            }
        }
        Column(Modifier.weight(1f).padding(horizontal = Sizes.spaceS)) {
            Text(
                title,
                Modifier.semantics { heading() },
                color = colours.text,
                style = MaterialTheme.typography.titleLarge,
            )
            below?.invoke()
        }
        end()
    }
    HorizontalDivider(color = colours.line)
}

/** The health line: only when not well. */
@Composable
internal fun LinkBanner(
    link: LinkLine?,
    times: Times,
    onSignIn: () -> Unit,
) {
    if (link == null) return
    Banner(link.state, linkSentence(link, times), onSignIn)
}

/** One line across the page about the link. */
@Composable
internal fun Banner(
    state: LinkTrouble,
    sentence: String,
    onSignIn: () -> Unit,
) {
    val colours = LocalColours.current
    val (icon, tint) =
        when (state) {
            LinkTrouble.CONNECTING, LinkTrouble.NO_NETWORK -> R.drawable.icon_schedule to colours.info
            LinkTrouble.SERVER_TROUBLE -> R.drawable.icon_schedule to colours.amber
            LinkTrouble.SIGN_IN_AGAIN, LinkTrouble.UPDATE_APP, LinkTrouble.REMOVED -> R.drawable.icon_help to colours.red
        }
    Column(Modifier.fillMaxWidth().background(colours.surface).padding(horizontal = Sizes.spaceL, vertical = Sizes.spaceS)) {
        val live = Modifier.semantics(mergeDescendants = true) { liveRegion = LiveRegionMode.Polite }
        Marked(icon, sentence, live, tint, 20.dp)
        if (state == LinkTrouble.SIGN_IN_AGAIN || state == LinkTrouble.REMOVED) {
            TextButton(onSignIn, Modifier.heightIn(min = Sizes.target)) { Text(stringResource(R.string.sign_in)) }
        }
    }
    HorizontalDivider(color = colours.line)
}

/** What did not work, in words. */
@Composable
internal fun ProblemLine(
    problem: Problem?,
    modifier: Modifier = Modifier,
) {
    if (problem == null) return
    val live = Modifier.semantics(mergeDescendants = true) { liveRegion = LiveRegionMode.Polite }
    Marked(R.drawable.icon_error, problemSentence(problem), modifier.then(live), LocalColours.current.red, 20.dp)
}

/** What can be done about a reply: exactly what the core offers. */
@OptIn(ExperimentalLayoutApi::class)
@Composable
internal fun ActionRow(
    actions: List<Action>,
    onAction: (Action) -> Unit,
    modifier: Modifier = Modifier,
) {
    if (actions.isEmpty()) return
    FlowRow(
        modifier,
        horizontalArrangement = Arrangement.spacedBy(Sizes.spaceS),
        verticalArrangement = Arrangement.spacedBy(Sizes.spaceXs),
    ) {
        for (action in actions) {
            OutlinedButton({ onAction(action) }, Modifier.heightIn(min = Sizes.target)) { Text(actionWord(action)) }
        }
    }
}

/** Why a page is empty and what will fill it. */
@Composable
internal fun EmptyPage(
    headline: String,
    more: String?,
    modifier: Modifier = Modifier,
) {
    Column(
        modifier.fillMaxWidth().padding(Sizes.spaceXl),
        verticalArrangement = Arrangement.spacedBy(Sizes.spaceS),
        horizontalAlignment = Alignment.CenterHorizontally,
    ) {
        Text(
            headline,
            color = LocalColours.current.text,
            textAlign = TextAlign.Center,
            style = MaterialTheme.typography.titleMedium,
        )
        if (more !=
            null
        ) {
            Text(
                more,
                color = LocalColours.current.muted,
                textAlign = TextAlign.Center,
                style = MaterialTheme.typography.bodyMedium,
            )
        }
    }
}

/** Before there is anything to draw, or when nothing can be drawn. */
@Composable
fun BlankPage(problem: Problem? = null) {
    Page { ProblemLine(problem, Modifier.padding(Sizes.spaceXl)) }
}
