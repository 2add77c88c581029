package dev.fieldline.sdk

import dev.fieldline.Attention
import dev.fieldline.Author
import dev.fieldline.AuthorKind
import dev.fieldline.Body
import dev.fieldline.Choice
import dev.fieldline.ClosedWindow
import dev.fieldline.ContactsBody
import dev.fieldline.DeletedBody
import dev.fieldline.Forwarded
import dev.fieldline.InboxRow
import dev.fieldline.InteractiveBody
import dev.fieldline.LadderStep
import dev.fieldline.LineBody
import dev.fieldline.LinkState
import dev.fieldline.LocationBody
import dev.fieldline.MediaBody
import dev.fieldline.MediaKind
import dev.fieldline.NoteBody
import dev.fieldline.OpenWindow
import dev.fieldline.OutboxRow
import dev.fieldline.QueuePause
import dev.fieldline.Reason
import dev.fieldline.StatusSnapshot
import dev.fieldline.TemplateBody
import dev.fieldline.TextBody
import dev.fieldline.TimelineRow
import dev.fieldline.Trouble
import dev.fieldline.UnsupportedBody
import dev.fieldline.WindowState
import dev.fieldline.sdk.screen.Action
import dev.fieldline.sdk.screen.AuthorMark
import dev.fieldline.sdk.screen.Bubble
import dev.fieldline.sdk.screen.Chosen
import dev.fieldline.sdk.screen.Content
import dev.fieldline.sdk.screen.Forwarding
import dev.fieldline.sdk.screen.LinkLine
import dev.fieldline.sdk.screen.LinkTrouble
import dev.fieldline.sdk.screen.ListItem
import dev.fieldline.sdk.screen.Medium
import dev.fieldline.sdk.screen.OutboxItem
import dev.fieldline.sdk.screen.Quote
import dev.fieldline.sdk.screen.Reached
import dev.fieldline.sdk.screen.Reacted
import dev.fieldline.sdk.screen.Snag
import dev.fieldline.sdk.screen.SnagKind
import dev.fieldline.sdk.screen.Step
import dev.fieldline.sdk.screen.Why
import dev.fieldline.sdk.screen.Window
import dev.fieldline.sdk.screen.Work
import dev.fieldline.sdk.screen.Writer

// From the core's rows to what a screen draws. Nothing is decided here: every value has one counterpart.

internal fun InboxRow.item(): ListItem =
    ListItem(
        key = key,
        name = name,
        author = preview?.author?.writer(),
        preview = preview?.body?.content(),
        at = at,
        unread = unread.toInt(),
        window = window.window(),
        waiting = unsent.waiting.toInt(),
        needsMe = unsent.needsMe.toInt(),
    )

internal fun TimelineRow.bubble(rows: Map<String, TimelineRow>): Bubble =
    Bubble(
        key = key,
        author = author.writer(),
        content = body.content(),
        at = at,
        step = step.step(),
        reached = times.map { Reached(it.step.step(), it.at) },
        snag = trouble?.snag(),
        actions = choices.map { it.action() },
        quote = replyTo?.let { Quote(rows[it]?.body?.content()) },
        customerWroteSince = customerWroteSince,
        reactions = reactions.groupingBy { it.emoji }.eachCount().map { Reacted(it.key, it.value) },
        edited = editedAt != null,
        forwarded = forwarded.forwarding(),
        neverConfirmed = neverConfirmed,
        holeBefore = holeBefore,
    )

internal fun OutboxRow.item(): OutboxItem {
    val actions = choices.map { it.action() }
    return OutboxItem(
        key = key,
        conversation = conversation,
        name = name,
        work = work(kind),
        text = text,
        writtenAt = writtenAt,
        step = step.step(),
        snag = trouble?.snag(),
        actions = actions - LOOKS_FIRST,
        looksFirst = actions.any { it in LOOKS_FIRST },
    )
}

/** These say "I have seen what was written there": they are offered where that can be seen. */
internal val LOOKS_FIRST = setOf(Action.EDIT, Action.SEND_ANYWAY, Action.SEND_AGAIN)

private fun work(kind: String): Work =
    when (kind) {
        "send" -> Work.REPLY
        "read" -> Work.READ
        "withdraw" -> Work.WITHDRAW
        "release" -> Work.RELEASE
        "pass" -> Work.PASS
        "settle" -> Work.SETTLE
        else -> Work.OTHER
    }

internal fun WindowState.window(): Window =
    when (this) {
        is OpenWindow -> Window.Open(closesAt)
        is ClosedWindow -> Window.Closed(closedAt)
    }

private fun Author.writer() = Writer(kind.mark(), name)

private fun AuthorKind.mark(): AuthorMark =
    when (this) {
        AuthorKind.CUSTOMER -> AuthorMark.CUSTOMER
        AuthorKind.OWNER_APP -> AuthorMark.OWNER
        AuthorKind.ME -> AuthorMark.ME
        AuthorKind.COLLEAGUE -> AuthorMark.COLLEAGUE
        AuthorKind.AI -> AuthorMark.AI
        AuthorKind.AUTOMATION -> AuthorMark.AUTOMATIC
        AuthorKind.SYSTEM -> AuthorMark.SYSTEM
        AuthorKind.UNKNOWN -> AuthorMark.UNKNOWN
    }

private fun Body.content(): Content =
    when (this) {
        is TextBody -> Content.Text(text)
        is MediaBody -> Content.Media(what.medium(), caption, name)
        is LocationBody -> Content.Place(name, address)
        is ContactsBody -> Content.Cards(contacts.map { it.name })
        is TemplateBody -> Content.Template(text)
        is InteractiveBody -> Content.Choice(chosen(what), title, description)
        is NoteBody -> Content.Note(text)
        is LineBody -> Content.Line
        is DeletedBody -> Content.Deleted(by.mark())
        is UnsupportedBody -> Content.Unsupported
    }

private fun MediaKind.medium(): Medium =
    when (this) {
        MediaKind.IMAGE -> Medium.PHOTO
        MediaKind.VIDEO -> Medium.VIDEO
        MediaKind.AUDIO -> Medium.SOUND
        MediaKind.VOICE -> Medium.VOICE
        MediaKind.DOCUMENT -> Medium.DOCUMENT
        MediaKind.STICKER -> Medium.STICKER
        MediaKind.UNKNOWN -> Medium.OTHER
    }

private fun chosen(what: String): Chosen =
    when (what) {
        "order" -> Chosen.ORDER
        "nfm_reply" -> Chosen.FORM
        else -> Chosen.CHOICE
    }

private fun Forwarded.forwarding(): Forwarding =
    when (this) {
        Forwarded.NO -> Forwarding.NO
        Forwarded.ONCE -> Forwarding.ONCE
        Forwarded.OFTEN -> Forwarding.OFTEN
    }

private fun LadderStep.step(): Step =
    when (this) {
        LadderStep.NONE -> Step.NONE
        LadderStep.ON_PHONE -> Step.ON_PHONE
        LadderStep.AT_SERVER -> Step.AT_SERVER
        LadderStep.SENT -> Step.SENT
        LadderStep.DELIVERED -> Step.DELIVERED
        LadderStep.READ -> Step.READ
        LadderStep.PLAYED -> Step.PLAYED
    }

private fun Trouble.snag() =
    Snag(
        why = reason.why(),
        kind = attention.kind(),
        whatsAppCode = whatsappCode,
        closedAt = closedAt,
        nextTry = nextTry,
        by = by?.writer(),
        answer = answer,
        restored = code == "restored",
    )

private fun Attention.kind(): SnagKind =
    when (this) {
        Attention.WAITS -> SnagKind.WAITS
        Attention.ASKS -> SnagKind.ASKS
        Attention.STOPPED -> SnagKind.STOPPED
    }

private fun Reason.why(): Why =
    when (this) {
        Reason.NO_NETWORK -> Why.NO_NETWORK
        Reason.SERVER_UNREACHABLE -> Why.SERVER_UNREACHABLE
        Reason.SIGN_IN_AGAIN -> Why.SIGN_IN_AGAIN
        Reason.BEHIND_EARLIER -> Why.BEHIND_EARLIER
        Reason.LINE_DOWN -> Why.LINE_DOWN
        Reason.WHATS_APP_BUSY -> Why.WHATSAPP_BUSY
        Reason.WINDOW_CLOSED -> Why.WINDOW_CLOSED
        Reason.ANSWERED_MEANWHILE -> Why.ANSWERED_MEANWHILE
        Reason.NOT_YOURS -> Why.NOT_YOURS
        Reason.UNREACHABLE -> Why.UNREACHABLE
        Reason.ACCOUNT_TROUBLE -> Why.ACCOUNT_TROUBLE
        Reason.TEMPLATE_REFUSED -> Why.TEMPLATE_REFUSED
        Reason.FILE_REFUSED -> Why.FILE_REFUSED
        Reason.UNKNOWN_OUTCOME -> Why.UNKNOWN_OUTCOME
        Reason.TOO_OLD -> Why.TOO_OLD
        Reason.REFUSED -> Why.REFUSED
    }

private fun Choice.action(): Action =
    when (this) {
        Choice.TRY_NOW -> Action.TRY_NOW
        Choice.EDIT -> Action.EDIT
        Choice.DISCARD -> Action.DISCARD
        Choice.SEND_ANYWAY -> Action.SEND_ANYWAY
        Choice.WITHDRAW -> Action.WITHDRAW
        Choice.LET_PASS -> Action.LET_PASS
        Choice.IT_ARRIVED -> Action.IT_ARRIVED
        Choice.SEND_AGAIN -> Action.SEND_AGAIN
    }

/** Nothing is said about a link that is well, or not asked yet. */
internal fun StatusSnapshot.line(): LinkLine? =
    when (link) {
        LinkState.SIGNED_OUT, LinkState.SIGN_IN_AGAIN -> LinkTrouble.SIGN_IN_AGAIN
        LinkState.IDLE, LinkState.ONLINE -> null
        LinkState.CONNECTING -> LinkTrouble.CONNECTING
        LinkState.NO_NETWORK -> LinkTrouble.NO_NETWORK
        LinkState.SERVER_TROUBLE -> LinkTrouble.SERVER_TROUBLE
        LinkState.UPDATE_APP -> LinkTrouble.UPDATE_APP
        LinkState.REMOVED -> LinkTrouble.REMOVED
    }?.let { LinkLine(it, since) }

internal fun QueuePause.line(): LinkLine {
    val state =
        when {
            updateApp -> LinkTrouble.UPDATE_APP
            reason == Reason.NO_NETWORK -> LinkTrouble.NO_NETWORK
            reason == Reason.SIGN_IN_AGAIN -> LinkTrouble.SIGN_IN_AGAIN
            else -> LinkTrouble.SERVER_TROUBLE
        }
    return LinkLine(state, since)
}
