package dev.fieldline.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.size
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.dp
import dev.fieldline.sdk.screen.AuthorMark
import dev.fieldline.sdk.screen.Snag
import dev.fieldline.sdk.screen.SnagKind
import dev.fieldline.sdk.screen.Step
import dev.fieldline.sdk.screen.Window
import dev.fieldline.ui.look.Sizes

internal fun AuthorMark.icon(): Int =
    when (this) {
        AuthorMark.CUSTOMER, AuthorMark.UNKNOWN -> R.drawable.icon_person
        AuthorMark.OWNER -> R.drawable.icon_storefront
        AuthorMark.ME -> R.drawable.icon_reply
        AuthorMark.COLLEAGUE -> R.drawable.icon_badge
        AuthorMark.AI, AuthorMark.AUTOMATIC -> R.drawable.icon_smart_toy
        AuthorMark.SYSTEM -> R.drawable.icon_info
    }

internal fun Step.icon(): Int? =
    when (this) {
        Step.NONE -> null
        Step.ON_PHONE -> R.drawable.icon_smartphone
        Step.AT_SERVER -> R.drawable.icon_cloud_done
        Step.SENT -> R.drawable.icon_check
        Step.DELIVERED -> R.drawable.icon_done_all
        Step.READ, Step.PLAYED -> R.drawable.icon_visibility
    }

/** An icon beside its word: the word is what a screen reader says. */
@Composable
internal fun Marked(
    icon: Int,
    word: String,
    modifier: Modifier = Modifier,
    tint: Color = LocalColours.current.muted,
    size: Dp = 16.dp,
) {
    Row(modifier, horizontalArrangement = Arrangement.spacedBy(Sizes.spaceXs), verticalAlignment = Alignment.CenterVertically) {
        Icon(painterResource(icon), contentDescription = null, Modifier.size(size), tint)
        Text(word, color = tint, style = MaterialTheme.typography.bodySmall)
    }
}

/** How far a reply got: icon and word. */
@Composable
internal fun StepMark(
    step: Step,
    modifier: Modifier = Modifier,
    neverConfirmed: Boolean = false,
) {
    val word = if (neverConfirmed) stringResource(R.string.step_never_confirmed) else stepWord(step)
    step.icon()?.let { Marked(it, word, modifier) }
}

/** The window's rest: amber under an hour, red under a quarter. */
@Composable
internal fun WindowMark(
    window: Window,
    now: Long,
    modifier: Modifier = Modifier,
) {
    val left = window.minutesLeft(now)
    val colours = LocalColours.current
    val tint =
        when {
            left == null || left >= 60 -> colours.muted
            left >= 15 -> colours.amber
            else -> colours.red
        }
    val icon = if (left == null) R.drawable.icon_lock_clock else R.drawable.icon_timer
    Marked(icon, windowWord(window, now), modifier, tint)
}

/** Why a reply is not further. */
@Composable
internal fun SnagMark(
    snag: Snag,
    times: Times,
    modifier: Modifier = Modifier,
) {
    val colours = LocalColours.current
    val (icon, tint) =
        when (snag.kind) {
            SnagKind.WAITS -> R.drawable.icon_schedule to colours.muted
            SnagKind.ASKS -> R.drawable.icon_help to colours.amber
            SnagKind.STOPPED -> R.drawable.icon_error to colours.red
        }
    Marked(icon, snagSentence(snag, times), modifier, tint)
}
