package dev.fieldline.ui

import android.content.Context
import android.text.format.DateFormat
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.ui.platform.LocalConfiguration
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import dev.fieldline.sdk.screen.Action
import dev.fieldline.sdk.screen.AuthorMark
import dev.fieldline.sdk.screen.Chosen
import dev.fieldline.sdk.screen.Content
import dev.fieldline.sdk.screen.LinkLine
import dev.fieldline.sdk.screen.LinkTrouble
import dev.fieldline.sdk.screen.Medium
import dev.fieldline.sdk.screen.Problem
import dev.fieldline.sdk.screen.Reacted
import dev.fieldline.sdk.screen.Snag
import dev.fieldline.sdk.screen.SnagKind
import dev.fieldline.sdk.screen.Step
import dev.fieldline.sdk.screen.Trouble
import dev.fieldline.sdk.screen.Why
import dev.fieldline.sdk.screen.Window
import dev.fieldline.sdk.screen.Work
import dev.fieldline.sdk.screen.Writer
import java.util.Date

/** Times as the phone shows them. */
internal class Times(
    context: Context,
    private val now: Long,
) {
    private val day = DateFormat.getDateFormat(context)
    private val clock = DateFormat.getTimeFormat(context)

    /** The time of day. */
    fun clock(at: Long): String = clock.format(Date(at))

    /** The time of day, or the day if it was another one. */
    fun stamp(at: Long): String = if (day.format(Date(at)) == day.format(Date(now))) clock(at) else day.format(Date(at))
}

@Composable
internal fun rememberTimes(now: Long): Times {
    val context = LocalContext.current
    val configuration = LocalConfiguration.current
    // Within one minute no day begins.
    val minute = now / MINUTE
    return remember(configuration, minute) { Times(context, minute * MINUTE) }
}

internal const val MINUTE = 60_000L

/** A span in the largest unit that fits, never more than there is; the last minute is one. */
@Composable
internal fun spanWord(millis: Long): String {
    val minutes = (millis / MINUTE).coerceAtLeast(1)
    return if (minutes >= 60) {
        stringResource(R.string.span_hours, (minutes / 60).toString())
    } else {
        stringResource(R.string.span_minutes, minutes.toString())
    }
}

/** Whole minutes left, or null once it is closed. */
internal fun Window.minutesLeft(now: Long): Long? =
    when (this) {
        is Window.Open -> ((closesAt - now) / MINUTE).takeIf { closesAt > now }
        is Window.Closed -> null
    }

@Composable
internal fun windowWord(
    window: Window,
    now: Long,
): String =
    if (window is Window.Open && window.minutesLeft(now) != null) {
        stringResource(R.string.window_left, spanWord(window.closesAt - now))
    } else {
        stringResource(R.string.window_template_only)
    }

@Composable
internal fun windowClosedSentence(
    window: Window,
    times: Times,
): String {
    val closedAt =
        when (window) {
            is Window.Open -> window.closesAt
            is Window.Closed -> window.closedAt
        }
    return if (closedAt == null) {
        stringResource(R.string.window_closed)
    } else {
        stringResource(R.string.window_closed_at, times.stamp(closedAt))
    }
}

/** Name of a colleague or customer; for all others the word of the badge. */
@Composable
internal fun writerWord(writer: Writer): String =
    writer.name?.takeIf { writer.mark == AuthorMark.CUSTOMER || writer.mark == AuthorMark.COLLEAGUE } ?: markWord(writer.mark)

@Composable
private fun markWord(mark: AuthorMark): String =
    stringResource(
        when (mark) {
            AuthorMark.CUSTOMER -> R.string.author_customer
            AuthorMark.OWNER -> R.string.author_owner
            AuthorMark.ME -> R.string.author_me
            AuthorMark.COLLEAGUE -> R.string.author_colleague
            AuthorMark.AI -> R.string.author_ai
            AuthorMark.AUTOMATIC -> R.string.author_automatic
            AuthorMark.SYSTEM -> R.string.author_system
            AuthorMark.UNKNOWN -> R.string.author_unknown
        },
    )

/** What a message is, where that is to be said: not for plain text. */
@Composable
internal fun contentKind(content: Content): String? =
    when (content) {
        is Content.Text, is Content.Template -> null
        is Content.Media -> mediumWord(content.kind)
        is Content.Place -> stringResource(R.string.body_location)
        is Content.Cards -> pluralStringResource(R.plurals.body_contact, content.names.size, content.names.size.toString())
        is Content.Choice -> stringResource(chosenWord(content.kind))
        is Content.Note -> stringResource(R.string.body_note)
        Content.Line -> stringResource(R.string.body_line)
        is Content.Deleted -> stringResource(deletedWord(content.by))
        Content.Unsupported -> stringResource(R.string.body_unsupported)
    }

/** What somebody wrote in it. */
internal fun contentText(content: Content): String? =
    when (content) {
        is Content.Text -> content.text
        is Content.Template -> content.text
        is Content.Note -> content.text
        is Content.Media -> content.caption ?: content.name
        is Content.Place -> lines(content.name, content.address)
        is Content.Cards -> lines(*content.names.toTypedArray())
        is Content.Choice -> lines(content.title, content.description)
        Content.Line, is Content.Deleted, Content.Unsupported -> null
    }

private fun lines(vararg parts: String?): String? =
    parts
        .filterNot { it.isNullOrBlank() }
        .joinToString("\n")
        .ifEmpty { null }

/** Both on one line: for the list and for quotes. */
@Composable
internal fun contentWord(content: Content): String {
    val kind = contentKind(content)
    val text = contentText(content)?.replace('\n', ' ')
    return if (kind != null && text != null) stringResource(R.string.body_both, kind, text) else kind ?: text.orEmpty()
}

@Composable
private fun mediumWord(medium: Medium): String =
    stringResource(
        when (medium) {
            Medium.PHOTO -> R.string.body_photo
            Medium.VIDEO -> R.string.body_video
            Medium.SOUND -> R.string.body_audio
            Medium.VOICE -> R.string.body_voice
            Medium.DOCUMENT -> R.string.body_document
            Medium.STICKER -> R.string.body_sticker
            Medium.OTHER -> R.string.body_attachment
        },
    )

private fun chosenWord(chosen: Chosen): Int =
    when (chosen) {
        Chosen.CHOICE -> R.string.body_choice
        Chosen.ORDER -> R.string.body_order
        Chosen.FORM -> R.string.body_form
    }

private fun deletedWord(by: AuthorMark): Int =
    when (by) {
        AuthorMark.CUSTOMER -> R.string.body_deleted_customer
        AuthorMark.OWNER -> R.string.body_deleted_owner
        else -> R.string.body_deleted
    }

/** Emojis with how many gave each. */
@Composable
internal fun reactionsWord(reactions: List<Reacted>): String {
    val list = reactions.joinToString("  ") { if (it.count > 1) "${it.emoji} ${it.count}" else it.emoji }
    return stringResource(R.string.mark_reactions, list)
}

/** The word of a step; empty for what has no ladder. */
@Composable
internal fun stepWord(step: Step): String =
    when (step) {
        Step.NONE -> ""
        Step.ON_PHONE -> stringResource(R.string.step_on_phone)
        Step.AT_SERVER -> stringResource(R.string.step_at_server)
        Step.SENT -> stringResource(R.string.step_sent)
        Step.DELIVERED -> stringResource(R.string.step_delivered)
        Step.READ -> stringResource(R.string.step_read)
        Step.PLAYED -> stringResource(R.string.step_played)
    }

/** The reason as a whole sentence with how loud it is. */
@Composable
internal fun snagSentence(
    snag: Snag,
    times: Times,
): String =
    stringResource(
        when (snag.kind) {
            SnagKind.WAITS -> R.string.waits
            SnagKind.ASKS -> R.string.needs_you
            SnagKind.STOPPED -> R.string.stopped
        },
        reasonWord(snag, times),
    )

@Composable
private fun reasonWord(
    snag: Snag,
    times: Times,
): String {
    val closedAt = snag.closedAt
    val code = snag.whatsAppCode
    return when (snag.why) {
        Why.NO_NETWORK -> {
            stringResource(R.string.reason_r1)
        }

        Why.SERVER_UNREACHABLE -> {
            stringResource(R.string.reason_r2)
        }

        Why.SIGN_IN_AGAIN -> {
            stringResource(R.string.reason_r3)
        }

        Why.BEHIND_EARLIER -> {
            stringResource(R.string.reason_r4)
        }

        Why.LINE_DOWN -> {
            stringResource(R.string.reason_r5)
        }

        Why.WHATSAPP_BUSY -> {
            stringResource(R.string.reason_r6)
        }

        Why.WINDOW_CLOSED -> {
            if (closedAt ==
                null
            ) {
                stringResource(R.string.reason_r7)
            } else {
                stringResource(R.string.reason_r7_at, times.stamp(closedAt))
            }
        }

        Why.ANSWERED_MEANWHILE -> {
            if (snag.restored) return stringResource(R.string.reason_r8_restored)
            stringResource(R.string.reason_r8, snag.by?.let { writerWord(it) } ?: markWord(AuthorMark.UNKNOWN))
        }

        Why.NOT_YOURS -> {
            stringResource(R.string.reason_r9)
        }

        Why.UNREACHABLE -> {
            stringResource(R.string.reason_r10)
        }

        Why.ACCOUNT_TROUBLE -> {
            stringResource(R.string.reason_r11)
        }

        Why.TEMPLATE_REFUSED -> {
            stringResource(R.string.reason_r12)
        }

        Why.FILE_REFUSED -> {
            stringResource(R.string.reason_r13)
        }

        Why.UNKNOWN_OUTCOME -> {
            stringResource(R.string.reason_r14)
        }

        Why.TOO_OLD -> {
            stringResource(R.string.reason_r15)
        }

        Why.REFUSED -> {
            if (code == null) stringResource(R.string.reason_r16) else stringResource(R.string.reason_r16_code, code.toString())
        }
    }
}

@Composable
internal fun actionWord(action: Action): String =
    stringResource(
        when (action) {
            Action.TRY_NOW -> R.string.choice_try_now
            Action.EDIT -> R.string.choice_edit
            Action.DISCARD -> R.string.choice_discard
            Action.SEND_ANYWAY -> R.string.choice_send_anyway
            Action.WITHDRAW -> R.string.choice_withdraw
            Action.LET_PASS -> R.string.choice_let_pass
            Action.IT_ARRIVED -> R.string.choice_it_arrived
            Action.SEND_AGAIN -> R.string.choice_send_again
        },
    )

@Composable
internal fun workWord(work: Work): String? =
    when (work) {
        Work.REPLY -> null
        Work.READ -> stringResource(R.string.outbox_kind_read)
        Work.WITHDRAW -> stringResource(R.string.outbox_kind_withdraw)
        Work.RELEASE -> stringResource(R.string.outbox_kind_release)
        Work.PASS -> stringResource(R.string.outbox_kind_pass)
        Work.SETTLE -> stringResource(R.string.outbox_kind_settle)
        Work.OTHER -> stringResource(R.string.outbox_kind_other)
    }

@Composable
internal fun linkSentence(
    link: LinkLine,
    times: Times,
): String =
    when (link.state) {
        LinkTrouble.CONNECTING -> stringResource(R.string.link_connecting)
        LinkTrouble.NO_NETWORK -> stringResource(R.string.link_no_network, times.stamp(link.since))
        LinkTrouble.SERVER_TROUBLE -> stringResource(R.string.link_server_trouble, times.stamp(link.since))
        LinkTrouble.SIGN_IN_AGAIN -> stringResource(R.string.link_sign_in_again)
        LinkTrouble.REMOVED -> stringResource(R.string.link_removed)
        LinkTrouble.UPDATE_APP -> stringResource(R.string.link_update_app)
    }

@Composable
internal fun pauseSentence(
    pause: LinkLine,
    times: Times,
): String =
    when (pause.state) {
        LinkTrouble.CONNECTING -> stringResource(R.string.link_connecting)
        LinkTrouble.NO_NETWORK -> stringResource(R.string.pause_no_network, times.stamp(pause.since))
        LinkTrouble.SERVER_TROUBLE -> stringResource(R.string.pause_server, times.stamp(pause.since))
        LinkTrouble.SIGN_IN_AGAIN, LinkTrouble.REMOVED -> stringResource(R.string.pause_sign_in)
        LinkTrouble.UPDATE_APP -> stringResource(R.string.pause_update_app)
    }

@Composable
internal fun problemSentence(problem: Problem): String =
    when (problem) {
        is Problem.Other -> stringResource(R.string.error_other, problem.code)
        is Problem.Known -> stringResource(troubleWord(problem.what))
    }

private fun troubleWord(trouble: Trouble): Int =
    when (trouble) {
        Trouble.WRONG_CREDENTIALS -> R.string.error_wrong_credentials
        Trouble.CODE_USED -> R.string.error_code_used
        Trouble.CODE_EXPIRED -> R.string.error_code_expired
        Trouble.CODE_UNKNOWN -> R.string.error_code_unknown
        Trouble.TOO_MANY_TRIES -> R.string.error_too_many_tries
        Trouble.DEVICE_TAKEN -> R.string.error_device_taken
        Trouble.SESSION_ENDED -> R.string.error_session_ended
        Trouble.DEVICE_REVOKED -> R.string.error_device_revoked
        Trouble.OFFLINE -> R.string.error_offline
        Trouble.SERVER_ADDRESS -> R.string.error_server_address
        Trouble.OTHER_ACCOUNT -> R.string.error_other_account
        Trouble.APP_TOO_OLD -> R.string.error_app_too_old
        Trouble.STORAGE -> R.string.error_storage
        Trouble.NOT_POSSIBLE -> R.string.error_not_possible
    }
