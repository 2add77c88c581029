package dev.fieldline.runner

import dev.fieldline.ArrivedSettlement
import dev.fieldline.Client
import dev.fieldline.Config
import dev.fieldline.LinkCodeCredentials
import dev.fieldline.NetworkKind
import dev.fieldline.PasswordCredentials
import dev.fieldline.SendAgainSettlement
import dev.fieldline.UnsentOnSignOut
import dev.fieldline.fileSecrets
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.produceIn
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import java.util.concurrent.ConcurrentHashMap
import kotlin.time.Duration.Companion.milliseconds

/** The phones of this process, by their person's name. */
class Phones {
    private val phones = ConcurrentHashMap<String, Phone>()

    fun of(name: String): Phone = phones.computeIfAbsent(name) { Phone() }

    fun end() = phones.values.forEach(Phone::end)
}

/** One phone: each verb is one call of its client. */
class Phone {
    private val scope = CoroutineScope(Dispatchers.Default)
    private val watched = ConcurrentHashMap<String, ReceiveChannel<Any>>()
    private lateinit var client: Client

    fun end() = scope.cancel()

    suspend fun perform(
        verb: String,
        wanted: JsonObject,
    ): JsonElement = shape(call(verb, wanted))

    private suspend fun call(
        verb: String,
        wanted: JsonObject,
    ): Any? =
        when (verb) {
            "open" -> {
                val store = wanted.text("store_path")
                val config = Config(store, wanted.text("server_url"), "Kotlin", "kotlin", null)
                client = Client.open(config, fileSecrets("$store.secrets"))
                null
            }

            "account" -> client.account()
            "preview_link_code" -> client.previewLinkCode(wanted.text("code"))
            "sign_in" -> client.signIn(credentials(wanted))
            "sign_out" -> client.signOut(wanted.enum<UnsentOnSignOut>("unsent"))
            "inbox", "timeline", "outbox", "status" -> view(verb, wanted).first()
            "watch" -> {
                watched[wanted.text("name")] = view(wanted.text("view"), wanted).produceIn(scope)
                null
            }

            "next" -> watched.getValue(wanted.text("name")).receiveCatching().let { it.exceptionOrNull()?.run { throw this } ?: it.getOrNull() }
            "cancel" -> watched.remove(wanted.text("name"))?.cancel()
            "load_older" -> client.loadOlder(wanted.text("conversation"))
            "send_reply" -> client.sendReply(wanted.text("conversation"), wanted.text("body"), wanted.number("seen_n"))
            "quote_reply" ->
                client.quoteReply(
                    wanted.text("conversation"),
                    wanted.text("message"),
                    wanted.text("body"),
                    wanted.number("seen_n"),
                )

            "edit" -> client.edit(wanted.text("message"), wanted.text("body"), wanted.number("seen_n"))
            "send_anyway" -> client.sendAnyway(wanted.text("message"), wanted.number("seen_n"))
            "discard" -> client.discard(wanted.text("message"))
            "withdraw" -> client.withdraw(wanted.text("message"))
            "let_pass" -> client.letPass(wanted.text("message"))
            "settle" -> client.settle(wanted.text("message"), settlement(wanted))
            "mark_read" -> client.markRead(wanted.text("conversation"), wanted.number("up_to_n"))
            "enter_foreground" -> client.enterForeground()
            "enter_background" -> client.enterBackground(wanted.number("deadline_ms").milliseconds)
            "try_now" -> client.tryNow()
            "network_changed" -> client.networkChanged(wanted.enum<NetworkKind>("kind"))
            "shutdown" -> client.shutdown()
            else -> throw IllegalArgumentException("no verb $verb")
        }

    private fun view(
        name: String,
        wanted: JsonObject,
    ): Flow<Any> =
        when (name) {
            "inbox" -> client.inbox().snapshots
            "timeline" -> client.timeline(wanted.text("conversation")).snapshots
            "outbox" -> client.outbox()
            "status" -> client.status()
            else -> throw IllegalArgumentException("no view $name")
        }

    private fun credentials(wanted: JsonObject) =
        if ("code" in wanted) {
            LinkCodeCredentials(wanted.text("code"))
        } else {
            PasswordCredentials(wanted.text("email"), wanted.text("password"))
        }

    private fun settlement(wanted: JsonObject) =
        if ("seen_n" in wanted) SendAgainSettlement(wanted.number("seen_n")) else ArrivedSettlement
}

fun JsonObject.text(name: String): String = getValue(name).jsonPrimitive.content

private fun JsonObject.number(name: String): Long = getValue(name).jsonPrimitive.long

private inline fun <reified E : Enum<E>> JsonObject.enum(name: String): E = enumValueOf<E>(text(name).uppercase())
