package dev.fieldline.ui

import dev.fieldline.sdk.screen.Action
import dev.fieldline.sdk.screen.AuthorMark
import dev.fieldline.sdk.screen.Bubble
import dev.fieldline.sdk.screen.ChatScreen
import dev.fieldline.sdk.screen.Chosen
import dev.fieldline.sdk.screen.Content
import dev.fieldline.sdk.screen.Forwarding
import dev.fieldline.sdk.screen.LinkLine
import dev.fieldline.sdk.screen.LinkOffer
import dev.fieldline.sdk.screen.LinkTrouble
import dev.fieldline.sdk.screen.ListItem
import dev.fieldline.sdk.screen.ListScreen
import dev.fieldline.sdk.screen.Medium
import dev.fieldline.sdk.screen.OutboxItem
import dev.fieldline.sdk.screen.OutboxScreen
import dev.fieldline.sdk.screen.Problem
import dev.fieldline.sdk.screen.Quote
import dev.fieldline.sdk.screen.Reached
import dev.fieldline.sdk.screen.Reacted
import dev.fieldline.sdk.screen.SignInScreen
import dev.fieldline.sdk.screen.SignInWay
import dev.fieldline.sdk.screen.Snag
import dev.fieldline.sdk.screen.SnagKind
import dev.fieldline.sdk.screen.Step
import dev.fieldline.sdk.screen.Trouble
import dev.fieldline.sdk.screen.Why
import dev.fieldline.sdk.screen.Window
import dev.fieldline.sdk.screen.Work
import dev.fieldline.sdk.screen.Writer

/** States of every screen that are hard on a layout. */
object Fixtures {
    const val NOW = 1_795_000_000_000L
    private const val MINUTE = 60_000L
    private const val HOUR = 60 * MINUTE
    private val me = Writer(AuthorMark.ME, "Ana")
    private val customer = Writer(AuthorMark.CUSTOMER, "Rosa Delgado")
    private const val LONG =
        "The technician comes tomorrow between nine and eleven. If nobody is at home, please leave the key with the " +
            "neighbours on the second floor, and write to us here when that is done."

    val signIns =
        SignInWay.entries.flatMap { way ->
            listOf(
                SignInScreen(way, running = false, problem = null, offer = null),
                SignInScreen(way, running = true, problem = null, offer = null),
            )
        } +
            Trouble.entries.map { SignInScreen(SignInWay.CODE, running = false, problem = Problem.Known(it), offer = null) } +
            SignInScreen(
                SignInWay.CODE,
                running = false,
                problem = null,
                offer = LinkOffer("Brook & Sons Plumbing", "Ana", "Pixel 9"),
            )

    private fun item(
        key: Int,
        name: String,
        author: Writer = customer,
        content: Content = Content.Text(LONG),
        unread: Int = 0,
        window: Window = Window.Open(NOW + 3 * HOUR),
        waiting: Int = 0,
        needsMe: Int = 0,
    ) = ListItem("c$key", name, author, content, NOW - key * 50 * HOUR / 10, unread, window, waiting, needsMe)

    private val items =
        listOf(
            item(0, "Rosa Delgado", unread = 2),
            item(1, "Bartholomew Featherstonehaugh of Cholmondeley", me, waiting = 3, window = Window.Open(NOW + 40 * MINUTE)),
            item(2, "نادية حداد", Writer(AuthorMark.OWNER, null), Content.Text("سنكون هناك في الصباح"), needsMe = 1),
            item(
                3,
                "+34 600 000 001",
                Writer(AuthorMark.AI, null),
                unread = 120,
                window = Window.Open(NOW + 12 * MINUTE),
                waiting = 12,
                needsMe = 12,
            ),
            item(
                4,
                "陈伟",
                Writer(AuthorMark.COLLEAGUE, "Ben"),
                Content.Deleted(AuthorMark.ME),
                window = Window.Closed(NOW - HOUR),
            ),
            item(5, "Zoë", content = Content.Unsupported, window = Window.Closed(null)),
            item(6, "Luis", content = Content.Media(Medium.PHOTO, LONG, null)),
            item(7, "Luis", content = Content.Media(Medium.VOICE, null, null)),
        )

    private val links = listOf(null) + LinkTrouble.entries.map { LinkLine(it, NOW - HOUR) }

    val lists =
        links.map { ListScreen(items, loading = false, hasMore = false, link = it, unsent = 3, needsMe = 1, now = NOW) } +
            ListScreen(items, loading = false, hasMore = true, link = null, unsent = 120, needsMe = 0, now = NOW) +
            ListScreen(emptyList(), loading = true, hasMore = false, link = null, unsent = 0, needsMe = 0, now = NOW) +
            ListScreen(emptyList(), loading = false, hasMore = false, link = null, unsent = 0, needsMe = 0, now = NOW)

    private fun bubble(
        key: Int,
        author: Writer,
        content: Content = Content.Text("On my way."),
        step: Step = Step.NONE,
        snag: Snag? = null,
        actions: List<Action> = emptyList(),
        quote: Quote? = null,
        wroteSince: Boolean = false,
    ) = Bubble(
        "m$key",
        author,
        content,
        NOW - HOUR + key * MINUTE,
        step,
        Step.entries.filter { it in Step.ON_PHONE..step }.map { Reached(it, NOW - HOUR) },
        snag,
        actions,
        quote,
        wroteSince,
    )

    private fun chat(
        bubbles: List<Bubble>,
        window: Window = Window.Open(NOW + 3 * HOUR),
        link: LinkLine? = null,
        older: Boolean = false,
        held: Boolean = true,
    ) = ChatScreen("Rosa Delgado", bubbles, older, window, 7, held, link, NOW)

    private fun snag(why: Why) =
        Snag(
            why,
            SnagKind.entries[why.ordinal % SnagKind.entries.size],
            whatsAppCode = 131_026,
            closedAt = NOW - HOUR,
            nextTry = NOW + MINUTE,
            by = Writer(AuthorMark.COLLEAGUE, "Maria"),
            answer = LONG,
        )

    private val authors =
        listOf(
            bubble(1, customer, Content.Text("Is the boiler repaired today?")),
            bubble(2, customer, Content.Text(LONG)),
            bubble(3, Writer(AuthorMark.OWNER, null), Content.Text("Good morning. Ana will write to you.")),
            bubble(
                4,
                Writer(AuthorMark.COLLEAGUE, "Ben"),
                quote = Quote(Content.Text("Is the boiler repaired today?")),
                step = Step.READ,
            ),
            bubble(5, Writer(AuthorMark.AI, null), Content.Text("We are open from 8 to 18."), step = Step.SENT),
            bubble(6, Writer(AuthorMark.AUTOMATIC, null), Content.Deleted(AuthorMark.AUTOMATIC), step = Step.SENT),
            bubble(7, customer, Content.Unsupported, quote = Quote(null)),
            bubble(8, customer, Content.Text("هل ستأتي اليوم؟ 👍🏽")),
            bubble(9, me, Content.Text(LONG), Step.AT_SERVER),
        )

    private val kinds =
        listOf(
            bubble(1, customer, Content.Media(Medium.PHOTO, LONG, null)).copy(forwarded = Forwarding.OFTEN),
            bubble(2, customer, Content.Media(Medium.VOICE, null, null)),
            bubble(3, customer, Content.Media(Medium.DOCUMENT, null, "plan of the second floor, revised twice.pdf")),
            bubble(4, customer, Content.Place("Yard", "Calle Mayor 1, 28013 Madrid")),
            bubble(5, customer, Content.Cards(listOf("Luis Vega", "Bartholomew Featherstonehaugh"))),
            bubble(6, customer, Content.Choice(Chosen.CHOICE, "Monday", "between nine and twelve")),
            bubble(7, me, Content.Template("Hello Rosa, we come on Monday at nine."), Step.READ, quote = Quote(Content.Line)),
            bubble(8, Writer(AuthorMark.COLLEAGUE, "Ben"), Content.Note("The dog bites. Ring twice.")),
            bubble(9, Writer(AuthorMark.SYSTEM, null), Content.Line),
            bubble(10, customer, Content.Deleted(AuthorMark.CUSTOMER)),
            bubble(11, customer).copy(
                reactions = listOf(Reacted("👍🏽", 2), Reacted("🙏", 1)),
                edited = true,
                forwarded = Forwarding.ONCE,
                holeBefore = true,
            ),
            bubble(12, me, step = Step.SENT).copy(neverConfirmed = true),
        )

    val chats =
        listOf(chat(authors, older = true), chat(emptyList()), chat(authors, held = false)) +
            Step.entries.map { chat(listOf(bubble(1, customer), bubble(2, me, step = it), bubble(3, me, step = it))) } +
            Why.entries.map { why ->
                val waiting =
                    bubble(2, me, Content.Text("ok"), Step.ON_PHONE, snag(why), Action.entries.take(4), wroteSince = true)
                chat(listOf(bubble(1, customer), waiting), Window.Closed(NOW - HOUR))
            } +
            kinds.chunked(4).map { chat(it) } +
            chat(
                listOf(
                    bubble(
                        1,
                        me,
                        step = Step.ON_PHONE,
                        snag = snag(Why.ANSWERED_MEANWHILE).copy(restored = true, answer = null),
                    ),
                ),
            ) +
            links.map { chat(authors, Window.Open(NOW + 40 * MINUTE), it) } +
            chat(
                listOf(bubble(1, me, step = Step.AT_SERVER, snag = snag(Why.UNKNOWN_OUTCOME), actions = Action.entries)),
                Window.Closed(null),
            )

    val outboxes =
        listOf(OutboxScreen(emptyList(), null, 0, NOW)) +
            links.map { link ->
                val entries =
                    Work.entries.mapIndexed { at, work ->
                        val text = if (work == Work.REPLY) LONG else null
                        val why = Why.entries[at + 6]
                        val actions = Action.entries.take(at + 1)
                        val conversation = "c${at / 2}"
                        OutboxItem(
                            "o$at",
                            conversation,
                            "Rosa Delgado",
                            work,
                            text,
                            NOW - HOUR,
                            Step.ON_PHONE,
                            snag(why),
                            actions,
                            at % 2 == 0,
                        )
                    }
                OutboxScreen(entries, link, 2, NOW)
            }
}
