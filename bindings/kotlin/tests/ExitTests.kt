package dev.fieldline.tests

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import java.io.File
import java.util.concurrent.TimeUnit

/** What the process of [leaveWithoutGoodbye] is started with. */
const val LEAVE = "leave"

/** A shell may end at any moment, whatever is open: its process must end with its own code and not with a crash. */
fun Suite.exits() {
    test("a process that ends in the middle of its work ends cleanly") {
        repeat(5) {
            inFolder { folder ->
                val java = "${System.getProperty("java.home")}/bin/java"
                val path = "-Djna.library.path=${System.getProperty("jna.library.path")}"
                val output = File(folder, "output")
                val process =
                    ProcessBuilder(java, path, "-cp", System.getProperty("java.class.path"), MAIN, LEAVE, "$folder")
                        .redirectErrorStream(true)
                        .redirectOutput(output)
                        .start()
                val ended = process.waitFor(60, TimeUnit.SECONDS)
                if (!ended) process.destroyForcibly()
                expect(ended && process.exitValue() == 0) { "ended: $ended, and wrote: ${output.readText()}" }
                expectEqual(output.readText(), "")
            }
        }
    }
}

/** Opens a client, has collectors wait and calls under way, and returns. */
fun leaveWithoutGoodbye(folder: String) {
    val scope = CoroutineScope(Dispatchers.Default)
    runBlocking {
        val client = openAt(File(folder))
        client.status().first()
        scope.launch { client.outbox().collect { } }
        repeat(20) { scope.launch { client.account() } }
    }
}

private const val MAIN = "dev.fieldline.tests.MainKt"
