package dev.fieldline.tests

import com.sun.net.httpserver.HttpServer
import dev.fieldline.AlreadyOpenException
import dev.fieldline.ArrivedSettlement
import dev.fieldline.CancelledException
import dev.fieldline.Client
import dev.fieldline.Credentials
import dev.fieldline.FieldlineException
import dev.fieldline.InvalidException
import dev.fieldline.NetworkKind
import dev.fieldline.NotFoundException
import dev.fieldline.OfflineException
import dev.fieldline.PasswordCredentials
import dev.fieldline.Reason
import dev.fieldline.SecretFailedException
import dev.fieldline.SecretLockedException
import dev.fieldline.SecretStore
import dev.fieldline.StorageException
import dev.fieldline.StorageTrouble
import dev.fieldline.id
import kotlinx.coroutines.flow.toList
import java.net.InetAddress
import java.net.InetSocketAddress
import kotlin.time.Duration.Companion.seconds

private const val CANARY = "canary +15550100"
private val SOMEBODY: Credentials = PasswordCredentials("ana@example.com", "a password")

private const val SESSION =
    """{"access_token": "a", "refresh_token": "r", "expires_in_s": 900, "epoch": "e1",
      "member": {"id": "m1", "version": 1, "name": "Ana", "role": "employee"},
      "workspace": {"id": "w1", "version": 1, "epoch": "e1", "name": "Bloom",
        "options": {"members_see_unassigned": true}, "greeting_texts": []}}"""

/** What a shell catches: each error as an exception of its own, without foreign text in it. */
fun Suite.errors() {
    test("an unusable address is Invalid and names the field") {
        inFolder { folder ->
            val error = expectThrows<InvalidException> { openAt(folder, server = "http://example.com") }
            expectEqual(error.`field`, "server_url")
        }
    }
    test("a second client on one store is AlreadyOpen, and the first goes on") {
        inFolder { folder ->
            val first = openAt(folder)
            expectThrows<AlreadyOpenException> { openAt(folder) }
            expectEqual(first.account(), null)
            first.shutdown()
            openAt(folder).shutdown()
        }
    }
    test("a reply that is too long is Invalid with its limit") {
        withClient { client ->
            val error = expectThrows<InvalidException> { client.sendReply("nowhere", "a".repeat(4_097), 0) }
            expectEqual(error.`field` to error.limit, "text" to 4_096uL)
        }
    }
    test("what is not on this phone is NotFound") {
        withClient { client ->
            expectThrows<NotFoundException> { client.sendReply("nowhere", "Hello", 0) }
            expectThrows<NotFoundException> { client.settle("nothing", ArrivedSettlement) }
        }
    }
    test("a server that cannot be reached is Offline") {
        withClient { client -> expectThrows<OfflineException> { client.signIn(SOMEBODY) } }
    }
    test("every exception is a FieldlineException, and none repeats what was typed") {
        withClient { client ->
            val error = expectThrows<FieldlineException> { client.sendReply(CANARY, CANARY.repeat(500), 0) }
            expect(CANARY !in error.stackTraceToString()) { "the error holds the text" }
        }
    }
    test("after shutdown every command is Cancelled and every flow ends") {
        inFolder { folder ->
            val client = openAt(folder)
            client.shutdown()
            val calls: List<suspend (Client) -> Any?> =
                listOf(
                    { it.account() },
                    { it.signIn(SOMEBODY) },
                    { it.sendReply("nowhere", "Hello", 0) },
                    { it.discard("nothing") },
                    { it.enterForeground() },
                    { it.enterBackground(1.seconds) },
                    { it.tryNow() },
                )
            calls.forEach { call -> expectThrows<CancelledException> { call(client) } }
            client.networkChanged(NetworkKind.UNMETERED)
            expectEqual(client.outbox().toList(), emptyList())
            val rows = client.inbox()
            expectEqual(rows.snapshots.toList(), emptyList())
        }
    }
    test("a secret store that throws is a typed error, and its text stays out") {
        val troubles =
            mapOf(
                SecretLockedException() to StorageTrouble.LOCKED,
                SecretFailedException() to StorageTrouble.KEY,
                IllegalStateException(CANARY) to StorageTrouble.KEY,
            )
        for ((thrown, trouble) in troubles) {
            inFolder { folder ->
                Greeter().use { greeter ->
                    val client = openAt(folder, greeter.address, Throwing(thrown))
                    val error = expectThrows<StorageException> { client.signIn(SOMEBODY) }
                    expect(CANARY !in error.stackTraceToString()) { "the error holds the foreign text" }
                    expectEqual(error.trouble, trouble)
                    client.shutdown()
                }
            }
        }
    }
    test("reasons have their stable ids") {
        expectEqual(Reason.entries.map { it.id }, (1..16).map { "R$it" })
    }
}

/** As much of a server as lets somebody in: a client keeps a secret only then. */
private class Greeter : AutoCloseable {
    private val server = HttpServer.create(InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0)
    val address = "http://127.0.0.1:${server.address.port}"

    init {
        server.createContext("/v1/session") { exchange ->
            exchange.requestBody.readAllBytes()
            exchange.responseHeaders["Fieldline-Server-Time"] = "1790000000000"
            exchange.sendResponseHeaders(200, SESSION.length.toLong())
            exchange.responseBody.use { it.write(SESSION.toByteArray()) }
        }
        server.start()
    }

    override fun close(): Unit = server.stop(0)
}

private class Throwing(
    private val error: Throwable,
) : SecretStore {
    override fun get(name: String): ByteArray? = throw error

    override fun `set`(
        name: String,
        secret: ByteArray,
    ): Unit = throw error

    override fun remove(name: String): Unit = throw error
}
