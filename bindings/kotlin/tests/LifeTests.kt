package dev.fieldline.tests

import dev.fieldline.Client
import dev.fieldline.LinkState
import dev.fieldline.NetworkKind
import dev.fieldline.liveObjects
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runInterruptible
import kotlinx.coroutines.withTimeoutOrNull
import java.lang.management.ManagementFactory
import java.lang.ref.PhantomReference
import java.lang.ref.Reference
import java.lang.ref.ReferenceQueue
import kotlin.time.Duration.Companion.seconds

/** Who owns what at the border: nothing is left behind, and nothing is taken from somebody who still reads. */
fun Suite.lives() {
    test("a cancelled collector leaves no object and no task") {
        withClient { client ->
            val before = onlyLiving()
            repeat(20) {
                val job = collecting(client)
                expectEqual(liveObjects(), before + 1)
                job.cancelAndJoin()
                expectEqual(liveObjects(), before)
            }
        }
    }
    test("a collector that throws, or has seen enough, leaves no object") {
        withClient { client ->
            val before = onlyLiving()
            expectThrows<IllegalStateException> { client.status().collect { error("enough") } }
            client.inbox().snapshots.first()
            expectEqual(liveObjects(), before)
        }
    }
    test("the garbage collector takes no view from its collector") {
        withClient { client ->
            val seen = Channel<LinkState>(Channel.UNLIMITED)
            coroutineScope {
                val job = launch { client.status().collect { seen.send(it.link) } }
                seen.receive()
                repeat(5) { System.gc() }
                client.networkChanged(NetworkKind.NONE)
                var link: LinkState
                do {
                    link = seen.receive()
                } while (link != LinkState.NO_NETWORK)
                job.cancelAndJoin()
            }
        }
    }
    test("shutdown ends whoever collects") {
        inFolder { folder ->
            val client = openAt(folder)
            val job = collecting(client)
            client.shutdown()
            job.join()
            expect(!job.isCancelled) { "the flow threw" }
        }
    }
    test("a write whose caller left completes, a read is given up") {
        withClient { client ->
            coroutineScope {
                val jobs = List(50) { launch { if (it % 2 == 0) client.tryNow() else client.account() } }
                jobs.forEach { it.cancelAndJoin() }
            }
            expectEqual(client.account(), null)
        }
    }
    test("clients that nobody holds are freed") {
        inFolder { folder -> repeat(5) { openAt(folder).shutdown() } }
        expectEqual(onlyLiving(0), 0)
    }
    test("a thousand calls make no thread each") {
        withClient { client ->
            val threads = ManagementFactory.getThreadMXBean()
            client.account()
            val before = threads.totalStartedThreadCount
            repeat(1_000) { client.account() }
            // Two workers of the core and the dispatcher's own may still be met for the first time.
            expect(threads.totalStartedThreadCount - before < 50) { "threads: ${threads.totalStartedThreadCount - before}" }
        }
    }
    test("the version is the workspace's") {
        expect(Regex("""\d+\.\d+\.\d+.*""").matches(Client.version)) { Client.version }
    }
}

/** Objects of the core once the collector has taken those of earlier tests: those of one client, if nothing else is said. */
private suspend fun onlyLiving(wanted: Long = 1): Long {
    withTimeoutOrNull(20.seconds) {
        while (liveObjects() != wanted) runInterruptible(Dispatchers.IO) { collect() }
    }
    return liveObjects()
}

/** Returns when the collector has been round once and has handed what nobody holds to the cleaners, the bindings' own among them. */
private fun collect() {
    val found = ReferenceQueue<Any>()
    val mark = PhantomReference(Any(), found)
    do {
        System.gc()
    } while (found.remove(1_000) == null)
    Reference.reachabilityFence(mark)
}

/** A job that has collected its first snapshot of the link and waits for the next. */
private suspend fun collecting(client: Client): Job {
    val first = CompletableDeferred<Unit>()
    val job = CoroutineScope(Dispatchers.Default).launch { client.status().collect { first.complete(Unit) } }
    first.await()
    return job
}
