package dev.fieldline.runner

import dev.fieldline.ArrivedSettlement
import dev.fieldline.BackgroundReason
import dev.fieldline.Client
import dev.fieldline.Config
import dev.fieldline.LinkCodeCredentials
import dev.fieldline.NetworkKind
import dev.fieldline.PasswordCredentials
import dev.fieldline.SendAgainSettlement
import dev.fieldline.UnsentOnSignOut
import dev.fieldline.fileSecrets
import kotlinx.coroutines.flow.firstOrNull
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

    suspend fun end() = phones.values.forEach { it.end() }
}

/** One phone: each verb is one call of its client. */
class Phone {
    private val watched = ConcurrentHashMap<String, Watched>()

    @Volatile
    private var opened: Client? = null
    private val client get() = checkNotNull(opened) { "nothing is open" }

    suspend fun end() {
        watched.values.forEach(Watched::cancel)
        opened?.shutdown()
    }

    suspend fun perform(
        verb: String,
        wanted: JsonObject,
    ): JsonElement = shape(call(verb, wanted))

    private suspend fun call(
        verb: String,
        wanted: JsonObject,
    ): Any? =
        when (verb) {
            "version" -> Client.version
            "open" -> open(wanted)
            "preview_link_code" -> client.previewLinkCode(wanted.text("code"))
            "sign_in" -> client.signIn(credentials(wanted))
            "account" -> client.account()
            "sign_out" -> client.signOut(wanted.word<UnsentOnSignOut>("unsent"))
            "enter_foreground" -> client.enterForeground()
            "enter_background" -> client.enterBackground(wanted.time("deadline_ms"))
            "run_background" -> client.runBackground(wanted.word<BackgroundReason>("reason"), wanted.time("budget_ms"))
            "network_changed" -> client.networkChanged(wanted.word<NetworkKind>("kind"))
            "try_now" -> client.tryNow()
            "shutdown" -> client.shutdown()
            "inbox", "timeline", "outbox", "status" -> View.of(client, verb, wanted).snapshots.firstOrNull()
            "watch" -> watch(wanted)
            "next" -> watched(wanted).next()
            "widen" -> watched(wanted).widen(wanted.number("more").toInt())
            "cancel" -> watched(wanted).cancel()
            "send_reply" -> client.sendReply(wanted.text("conversation"), wanted.text("body"), wanted.number("seen_n"))
            "quote_reply" -> quote(wanted)
            "edit" -> client.edit(wanted.text("message"), wanted.text("body"), wanted.number("seen_n"))
            "send_anyway" -> client.sendAnyway(wanted.text("message"), wanted.number("seen_n"))
            "discard" -> client.discard(wanted.text("message"))
            "withdraw" -> client.withdraw(wanted.text("message"))
            "let_pass" -> client.letPass(wanted.text("message"))
            "settle" -> client.settle(wanted.text("message"), settlement(wanted))
            "mark_read" -> client.markRead(wanted.text("conversation"), wanted.number("up_to_n"))
            "load_older" -> client.loadOlder(wanted.text("conversation"))
            else -> throw IllegalArgumentException("no verb $verb")
        }

    private suspend fun open(wanted: JsonObject) {
        val config = Config(wanted.text("store"), wanted.text("server"), wanted.text("device_name"), "kotlin", null)
        opened = Client.open(config, fileSecrets(wanted.text("secrets")))
    }

    private fun watch(wanted: JsonObject) {
        watched[wanted.text("name")] = Watched(View.of(client, wanted.text("view"), wanted))
    }

    private suspend fun quote(wanted: JsonObject) =
        client.quoteReply(
            wanted.text("conversation"),
            wanted.text("message"),
            wanted.text("body"),
            wanted.number("seen_n"),
        )

    private fun watched(wanted: JsonObject): Watched = watched.getValue(wanted.text("name"))

    private fun credentials(wanted: JsonObject) =
        if ("link_code" in wanted) {
            LinkCodeCredentials(wanted.text("link_code"))
        } else {
            PasswordCredentials(wanted.text("email"), wanted.text("password"))
        }

    private fun settlement(wanted: JsonObject) =
        when (val result = wanted.text("result")) {
            "arrived" -> ArrivedSettlement
            "send_again" -> SendAgainSettlement(wanted.number("seen_n"))
            else -> throw IllegalArgumentException("no result $result")
        }
}

fun JsonObject.text(name: String): String = getValue(name).jsonPrimitive.content

private fun JsonObject.number(name: String): Long = getValue(name).jsonPrimitive.long

private fun JsonObject.time(name: String) = number(name).milliseconds

private inline fun <reified E : Enum<E>> JsonObject.word(name: String): E = enumValueOf<E>(text(name).uppercase())
