package dev.fieldline.ui

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.IntrinsicSize
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxHeight
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.width
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.shape.CutCornerShape
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.material3.VerticalDivider
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.draw.drawBehind
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.PathEffect
import androidx.compose.ui.graphics.Shape
import androidx.compose.ui.graphics.drawOutline
import androidx.compose.ui.graphics.drawscope.Stroke
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontStyle
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.dp
import dev.fieldline.sdk.screen.Action
import dev.fieldline.sdk.screen.AuthorMark
import dev.fieldline.sdk.screen.Bubble
import dev.fieldline.sdk.screen.Content
import dev.fieldline.sdk.screen.Forwarding
import dev.fieldline.sdk.screen.Quote
import dev.fieldline.sdk.screen.Reached
import dev.fieldline.sdk.screen.Snag
import dev.fieldline.sdk.screen.Step
import dev.fieldline.sdk.screen.Why
import dev.fieldline.ui.look.Colours
import dev.fieldline.ui.look.Sizes

/** One message with what is to be said and done about it. [first] of its author: it carries the badge. */
@Composable
internal fun BubbleRow(
    bubble: Bubble,
    first: Boolean,
    widest: Dp,
    times: Times,
    onAction: (Action) -> Unit,
) {
    val mine = bubble.author.mark != AuthorMark.CUSTOMER
    Column(
        Modifier
            .fillMaxWidth()
            .padding(start = Sizes.spaceM, end = Sizes.spaceM, top = if (first) Sizes.gapAuthor else Sizes.gapSameAuthor),
        horizontalAlignment = if (mine) Alignment.End else Alignment.Start,
    ) {
        if (bubble.holeBefore) HoleLine()
        Body(bubble, first, widest, times)
        Column(
            Modifier.widthIn(max = widest),
            verticalArrangement = Arrangement.spacedBy(Sizes.spaceXs),
            horizontalAlignment = if (mine) Alignment.End else Alignment.Start,
        ) {
            bubble.snag?.let {
                SnagMark(it, times, Modifier.padding(top = Sizes.spaceXs))
                OtherAnswer(it)
            }
            if (bubble.customerWroteSince) {
                Marked(
                    R.drawable.icon_info,
                    stringResource(R.string.customer_wrote_since),
                    tint = LocalColours.current.info,
                )
            }
            ActionRow(bubble.actions, onAction)
        }
    }
}

@OptIn(ExperimentalLayoutApi::class)
@Composable
private fun Body(
    bubble: Bubble,
    first: Boolean,
    widest: Dp,
    times: Times,
) {
    var open by rememberSaveable(bubble.key) { mutableStateOf(false) }
    val colours = LocalColours.current
    val isNote = bubble.content is Content.Note
    val shape = if (isNote) CutCornerShape(topEnd = Sizes.spaceM) else shapeOf(bubble.author.mark)
    val author = writerWord(bubble.author)
    val ladder = bubble.step != Step.NONE
    val edge = edgeOf(bubble.author.mark, shape, colours, isNote)
    val toggle =
        if (ladder) {
            Modifier.clickable(onClickLabel = stringResource(R.string.steps_show)) { open = !open }
        } else {
            Modifier.semantics(mergeDescendants = true) {}
        }
    Column(
        Modifier
            .then(if (isNote) Modifier.fillMaxWidth() else Modifier.widthIn(max = widest))
            .clip(shape)
            .then(edge)
            .then(toggle)
            .then(if (first) Modifier else Modifier.semantics { contentDescription = author })
            .padding(Sizes.bubblePadding),
        verticalArrangement = Arrangement.spacedBy(Sizes.spaceXs),
    ) {
        if (first) Marked(bubble.author.mark.icon(), author)
        bubble.quote?.let { QuoteBar(quoteWord(it)) }
        if (bubble.forwarded != Forwarding.NO) ForwardedLine(bubble.forwarded)
        Says(bubble.content)
        if (bubble.reactions.isNotEmpty()) {
            Text(reactionsWord(bubble.reactions), color = colours.muted, style = MaterialTheme.typography.bodySmall)
        }
        FlowRow(
            Modifier.align(Alignment.End),
            horizontalArrangement = Arrangement.spacedBy(Sizes.spaceS),
            itemVerticalAlignment = Alignment.CenterVertically,
        ) {
            if (bubble.edited) {
                Text(stringResource(R.string.mark_edited), color = colours.muted, style = MaterialTheme.typography.bodySmall)
            }
            Text(times.stamp(bubble.at), color = colours.muted, style = MaterialTheme.typography.bodySmall)
            StepMark(bubble.step, neverConfirmed = bubble.neverConfirmed)
        }
        if (open) bubble.reached.forEach { ReachedLine(it, times) }
    }
}

/** What it is, and what is written in it. What cannot be opened here can be on the owner's phone. */
@Composable
private fun Says(content: Content) {
    val colours = LocalColours.current
    val icon = if (content is Content.Note) R.drawable.icon_sticky_note_2 else null
    contentKind(content)?.let {
        if (icon != null) {
            Marked(icon, it)
        } else {
            Text(it, color = colours.muted, fontStyle = FontStyle.Italic, style = MaterialTheme.typography.bodyLarge)
        }
    }
    contentText(content)?.let { Text(it, color = colours.text, style = MaterialTheme.typography.bodyLarge) }
    if (content is Content.Media) {
        Text(stringResource(R.string.body_unsupported), color = colours.muted, style = MaterialTheme.typography.bodySmall)
    }
}

@Composable
private fun ForwardedLine(forwarded: Forwarding) {
    val word = if (forwarded == Forwarding.OFTEN) R.string.mark_forwarded_often else R.string.mark_forwarded
    Text(stringResource(word), color = LocalColours.current.muted, style = MaterialTheme.typography.bodySmall)
}

/** Between what is held: some is missing. */
@Composable
private fun HoleLine() {
    val colours = LocalColours.current
    Row(Modifier.fillMaxWidth().padding(bottom = Sizes.gapAuthor), horizontalArrangement = Arrangement.Center) {
        Marked(R.drawable.icon_info, stringResource(R.string.chat_hole), tint = colours.info)
    }
}

@Composable
private fun ReachedLine(
    reached: Reached,
    times: Times,
) {
    val icon = reached.step.icon() ?: return
    Marked(icon, stringResource(R.string.step_time, stepWord(reached.step), times.stamp(reached.at)))
}

@Composable
private fun quoteWord(quote: Quote): String =
    quote.content?.let { stringResource(R.string.quote_of, contentWord(it)) } ?: stringResource(R.string.quote_older)

@Composable
private fun QuoteBar(word: String) {
    val colours = LocalColours.current
    Row(Modifier.height(IntrinsicSize.Min), horizontalArrangement = Arrangement.spacedBy(Sizes.spaceS)) {
        VerticalDivider(Modifier.fillMaxHeight().width(2.dp), thickness = 2.dp, color = colours.primary)
        Text(word, color = colours.muted, style = MaterialTheme.typography.bodyMedium)
    }
}

/** Both texts side by side: what somebody answered, beside the reply that waits (R8). */
@Composable
internal fun OtherAnswer(snag: Snag) {
    val answer = snag.answer?.takeIf { snag.why == Why.ANSWERED_MEANWHILE } ?: return
    QuoteBar(answer)
}

private fun shapeOf(mark: AuthorMark): Shape =
    if (mark == AuthorMark.CUSTOMER) {
        RoundedCornerShape(Sizes.radius, Sizes.radius, Sizes.radius, Sizes.radiusFoot)
    } else {
        RoundedCornerShape(Sizes.radius, Sizes.radius, Sizes.radiusFoot, Sizes.radius)
    }

/** Fill and edge by author: a line for the customer, dashes for machines. */
private fun edgeOf(
    mark: AuthorMark,
    shape: Shape,
    colours: Colours,
    isNote: Boolean,
): Modifier {
    val fill =
        if (isNote) {
            colours.note
        } else {
            when (mark) {
                AuthorMark.CUSTOMER -> colours.bubbleCustomer
                AuthorMark.ME -> colours.bubbleMe
                AuthorMark.COLLEAGUE -> colours.bubbleColleague
                AuthorMark.OWNER -> colours.bubbleOwner
                AuthorMark.AI, AuthorMark.AUTOMATIC -> colours.bubbleAutomatic
                AuthorMark.SYSTEM, AuthorMark.UNKNOWN -> colours.surface
            }
        }
    val (line, dashed) =
        when (mark) {
            AuthorMark.CUSTOMER, AuthorMark.SYSTEM, AuthorMark.UNKNOWN -> colours.line to false
            AuthorMark.AI, AuthorMark.AUTOMATIC -> colours.muted to true
            AuthorMark.ME, AuthorMark.COLLEAGUE, AuthorMark.OWNER -> Color.Transparent to false
        }
    return Modifier.drawBehind {
        val outline = shape.createOutline(size, layoutDirection, this)
        drawOutline(outline, fill)
        val dash = 6.dp.toPx()
        val effect = if (dashed) PathEffect.dashPathEffect(floatArrayOf(dash, dash)) else null
        drawOutline(outline, line, style = Stroke(2.dp.toPx(), pathEffect = effect))
    }
}
