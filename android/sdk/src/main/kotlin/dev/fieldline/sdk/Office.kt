package dev.fieldline.sdk

import dev.fieldline.ArrivedSettlement
import dev.fieldline.Client
import dev.fieldline.Discarded
import dev.fieldline.OutboxSnapshot
import dev.fieldline.SendAgainSettlement
import dev.fieldline.sdk.screen.Action
import dev.fieldline.sdk.screen.ChatScreen
import dev.fieldline.sdk.screen.ListScreen
import dev.fieldline.sdk.screen.OutboxScreen
import dev.fieldline.sdk.screen.Problem
import dev.fieldline.sdk.screen.Trouble
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOn
import kotlin.time.Duration.Companion.seconds

/** Screens and commands of whoever is signed in. */
class Office internal constructor(
    private val client: Client,
) {
    private val inbox = client.inbox()

    /** The conversation list. */
    val list: Flow<ListScreen> =
        combine(inbox.snapshots, client.outbox(), client.status(), time()) { list, outbox, status, _ ->
            ListScreen(
                items = list.rows.map { it.item() },
                loading = list.loading,
                hasMore = list.hasMoreAfter,
                link = status.line(),
                unsent = outbox.unsent().size,
                needsMe = outbox.needsMe.toInt(),
                now = client.serverTime,
            )
        }

    /** All unsent work. */
    val outbox: Flow<OutboxScreen> =
        combine(client.outbox(), time()) { outbox, _ ->
            OutboxScreen(outbox.unsent().map { it.item() }, outbox.pause?.line(), outbox.needsMe.toInt(), client.serverTime)
        }

    /** Shows more of the list. */
    fun showMore(): Unit = inbox.widen(WINDOW)

    /** One conversation. */
    fun chat(conversation: String): Chat = Chat(client, conversation, time())

    /** Carries out what the core offers for a reply. EDIT needs a text: see [Chat.edit]. */
    suspend fun act(
        message: String,
        action: Action,
        seenN: Long,
    ): Problem? {
        var tooLate = false
        val problem =
            trying {
                when (action) {
                    Action.TRY_NOW -> client.tryNow()
                    Action.DISCARD -> tooLate = client.discard(message) != Discarded.REMOVED
                    Action.SEND_ANYWAY -> client.sendAnyway(message, seenN)
                    Action.WITHDRAW -> client.withdraw(message)
                    Action.LET_PASS -> client.letPass(message)
                    Action.IT_ARRIVED -> client.settle(message, ArrivedSettlement)
                    Action.SEND_AGAIN -> client.settle(message, SendAgainSettlement(seenN))
                    Action.EDIT -> Unit
                }
            }
        return problem ?: Problem.Known(Trouble.NOT_POSSIBLE).takeIf { tooLate }
    }

    /** That something was read is not what a person means by unsent. */
    private fun OutboxSnapshot.unsent() = rows.filter { it.kind != "read" }

    /** Draws again often enough for a countdown in minutes; the time itself is asked when it is drawn. */
    private fun time(): Flow<Unit> =
        flow {
            while (true) {
                emit(Unit)
                delay(COUNTDOWN)
            }
        }.flowOn(Dispatchers.Default)

    private companion object {
        const val WINDOW = 50
        val COUNTDOWN = 10.seconds
    }
}

/** One conversation: its screen and what can be written into it. */
class Chat internal constructor(
    private val client: Client,
    private val conversation: String,
    time: Flow<Unit>,
) {
    private val rows = client.timeline(conversation)

    /** Bubbles, head and window. */
    val screen: Flow<ChatScreen> =
        combine(rows.snapshots, client.status(), time) { it, status, _ ->
            val byKey = it.rows.associateBy { row -> row.key }
            ChatScreen(
                name = it.name,
                bubbles = it.rows.map { row -> row.bubble(byKey) },
                hasOlder = it.hasMoreBefore,
                window = it.window.window(),
                lastN = it.lastN,
                held = it.held,
                link = status.line(),
                now = client.serverTime,
            )
        }

    /** Keeps a reply on this phone; it travels by itself. [seenN] is `lastN` of the screen it was written on. */
    suspend fun send(
        text: String,
        seenN: Long,
    ): Problem? = trying { client.sendReply(conversation, text, seenN) }

    /** Puts a text in the place of a reply that has not reached WhatsApp. */
    suspend fun edit(
        message: String,
        text: String,
        seenN: Long,
    ): Problem? = trying { client.edit(message, text, seenN) }

    /** Everything up to [upToN] was on an unlocked screen. */
    suspend fun read(upToN: Long): Problem? = trying { client.markRead(conversation, upToN) }

    /** Shows older messages, from this phone and then from the server. */
    suspend fun older(): Problem? {
        rows.widen(PAGE)
        return trying { client.loadOlder(conversation) }
    }

    private companion object {
        const val PAGE = 50
    }
}
