package dev.fieldline.tests

import dev.fieldline.AlreadyOpenException
import dev.fieldline.LogLevel
import dev.fieldline.LogRecord
import dev.fieldline.PasswordCredentials
import dev.fieldline.loggingTrouble
import dev.fieldline.startLogging
import dev.fieldline.stopLogging
import java.util.Collections

/** What the core logs reaches a function, and a function that throws harms nobody. */
fun Suite.logs() {
    test("a function takes what the core logs, in batches and in order") {
        val threads = Collections.synchronizedSet(mutableSetOf<Thread>())
        val records = Collections.synchronizedList(mutableListOf<LogRecord>())
        var batches = 0
        startLogging(LogLevel.WARN) {
            batches++
            records += it
            threads += Thread.currentThread()
        }
        refuse(150)
        stopLogging()
        expectEqual(records.size, 150)
        expect(records.all { it.text == "event=store_error code=already_open sqlite=0" }) { "${records.first()}" }
        expect(records.all { it.level == LogLevel.WARN && it.target.startsWith("fieldline_core") }) { "${records.first()}" }
        expectEqual(records.map { it.at }, records.map { it.at }.sorted())
        expect(batches in 2..<records.size) { "$batches batches" }
        expect(Thread.currentThread() !in threads) { "on the caller's thread" }
        refuse(1)
        expectEqual(records.size, 150)
        expectEqual(loggingTrouble, null)
    }

    test("a function that throws is switched off, and of what it threw a class is kept") {
        var calls = 0
        startLogging(LogLevel.DEBUG) {
            calls++
            error("a customer's words")
        }
        refuse(350)
        stopLogging()
        expectEqual(calls, 3)
        expectEqual(loggingTrouble, "IllegalStateException")
    }

    test("credentials do not say what they hold") {
        val said = PasswordCredentials("ana@example.com", "a password").toString()
        expect("password" !in said.lowercase().removePrefix("dev.fieldline.passwordcredentials") && "ana" !in said) { said }
    }
}

/** So many records of the core's: a store that is open already refuses a second client. */
private suspend fun refuse(times: Int) =
    inFolder { folder ->
        val client = openAt(folder)
        repeat(times) { expectThrows<AlreadyOpenException> { openAt(folder) } }
        client.shutdown()
    }
