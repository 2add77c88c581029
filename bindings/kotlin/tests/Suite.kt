package dev.fieldline.tests

import dev.fieldline.Client
import dev.fieldline.Config
import dev.fieldline.SecretStore
import dev.fieldline.fileSecrets
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import java.io.File
import java.net.InetAddress
import java.net.ServerSocket
import java.nio.file.Files
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.seconds

/** Longest that one test may take: only one that hangs comes near, however busy the machine is. */
private val LIMIT = 120.seconds

/** Tests without a framework: a name, a block, and a closing line that `tests/run` reads. */
class Suite {
    private var passed = 0
    private var failed = 0

    fun test(
        name: String,
        block: suspend CoroutineScope.() -> Unit,
    ) {
        try {
            runBlocking(Dispatchers.Default) { withTimeout(LIMIT) { block() } }
            passed++
            println("ok      $name")
        } catch (error: Throwable) {
            failed++
            println("FAILED  $name: ${error.stackTraceToString()}")
        }
    }

    fun close(): Nothing {
        println("kotlin tests: $passed passed, $failed failed")
        exitProcess(if (failed == 0 && passed > 0) 0 else 1)
    }
}

fun expect(
    holds: Boolean,
    what: () -> String,
) {
    if (!holds) throw AssertionError(what())
}

fun <T> expectEqual(
    found: T,
    wanted: T,
) = expect(found == wanted) { "found $found, not $wanted" }

/** The exception of that kind which [block] throws. */
inline fun <reified E : Throwable> expectThrows(block: () -> Unit): E {
    try {
        block()
    } catch (error: Throwable) {
        return error as? E ?: throw AssertionError("another exception than ${E::class.simpleName}", error)
    }
    throw AssertionError("no ${E::class.simpleName}")
}

/** A folder for one test, gone afterwards. */
inline fun <T> inFolder(block: (File) -> T): T {
    val folder = Files.createTempDirectory("fieldline-kotlin").toFile()
    return try {
        block(folder)
    } finally {
        folder.deleteRecursively()
    }
}

/** A client on a store of its own, whose server refuses every connection. */
suspend fun openAt(
    folder: File,
    server: String = UNREACHABLE,
    secrets: SecretStore = fileSecrets("$folder/secrets"),
): Client = Client.open(Config("$folder/store", server, "Kotlin tests", "kotlin", null), secrets)

suspend fun withClient(block: suspend (Client) -> Unit) =
    inFolder { folder ->
        val client = openAt(folder)
        try {
            block(client)
        } finally {
            client.shutdown()
        }
    }

/** A port of this machine on which nobody listens: one that was free a moment ago. */
private val UNREACHABLE: String =
    ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { "http://127.0.0.1:${it.localPort}" }
