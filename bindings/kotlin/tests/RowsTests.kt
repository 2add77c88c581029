package dev.fieldline.tests

import dev.fieldline.Pulled
import dev.fieldline.Rows
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import java.util.concurrent.atomic.AtomicInteger

/** The wrapper's own part, over a view that only counts. */
fun Suite.rows() {
    test("a window stays as wide as it was made") {
        val views = mutableListOf<Counted>()
        val rows = Rows { Counted().also(views::add).pulled() }
        rows.widen(50)
        rows.snapshots.first()
        expectEqual(views.map { it.width.get() }, listOf(50))
        coroutineScope {
            val started = CompletableDeferred<Unit>()
            val job = launch { rows.snapshots.collect { started.complete(Unit) } }
            started.await()
            rows.widen(25)
            rows.widen(-1)
            expectEqual(views.map { it.width.get() }, listOf(50, 75))
            job.cancelAndJoin()
        }
        rows.widen(1)
        expectEqual(views.map { it.width.get() }, listOf(50, 75))
        expectEqual(views.map { it.cancelled to it.closed }, List(2) { 1 to 1 })
    }
    test("each pull asks for what comes after the last snapshot") {
        val view = Counted(last = 3u)
        val seen = mutableListOf<ULong>()
        Rows { view.pulled() }.snapshots.collect { seen += it }
        expectEqual(view.asked, listOf(0uL, 1uL, 2uL, 3uL))
        expectEqual(seen.last(), 3uL)
    }
}

/** A view of which only revisions are left: it draws up to [last] of them and then waits or, if there is one, ends. */
private class Counted(
    private val last: ULong? = null,
) : AutoCloseable {
    val width = AtomicInteger()
    val asked = mutableListOf<ULong>()
    var cancelled = 0
    var closed = 0

    fun pulled() = Pulled(this, ::next, { it }, { cancelled++ }, { width.addAndGet(it.toInt()) })

    private suspend fun next(since: ULong): ULong? {
        asked += since
        if (since == last) return null
        return if (last == null && since > 0u) awaitCancellation() else since + 1u
    }

    override fun close() {
        closed++
    }
}
