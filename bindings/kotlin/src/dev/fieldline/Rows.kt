package dev.fieldline

import dev.fieldline.ffi.InboxView
import dev.fieldline.ffi.OutboxView
import dev.fieldline.ffi.StatusView
import dev.fieldline.ffi.TimelineView
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOn

/**
 * A window of rows that can grow. It keeps its size, so that a collector that comes back sees as much as before.
 */
public class Rows<S : Any> internal constructor(
    private val open: () -> Pulled<S>,
) {
    private val lock = Any()
    private val live = mutableSetOf<Pulled<S>>()
    private var more = 0u

    /** The newest snapshot, then each newer one; a slow collector misses those between. It ends after `shutdown`. */
    public val snapshots: Flow<S> = snapshots(::enter, ::leave)

    /** Shows so many more rows of those that this phone holds. */
    public fun widen(rows: Int): Unit =
        synchronized(lock) {
            val by = rows.coerceAtLeast(0).toUInt()
            more += by
            live.forEach { it.widen(by) }
        }

    private fun enter(): Pulled<S> =
        synchronized(lock) {
            val view = open()
            live += view
            if (more > 0u) view.widen(more)
            view
        }

    private fun leave(view: Pulled<S>): Unit = synchronized(lock) { live -= view }
}

/** A view of the core, whichever it is: what the four generated classes have in common. */
internal class Pulled<S : Any>(
    private val view: AutoCloseable,
    val next: suspend (since: ULong) -> S?,
    val revision: (S) -> ULong,
    val cancel: () -> Unit,
    val widen: (UInt) -> Unit = {},
) {
    /** Wakes whoever waits, then frees the core's object. */
    fun end() {
        cancel()
        view.close()
    }

    companion object {
        fun of(view: InboxView) = Pulled(view, view::next, { it.revision }, view::cancel, view::widen)

        fun of(view: TimelineView) = Pulled(view, view::next, { it.revision }, view::cancel, view::widen)

        fun of(view: OutboxView) = Pulled(view, view::next, { it.revision }, view::cancel)

        fun of(view: StatusView) = Pulled(view, view::next, { it.revision }, view::cancel)
    }
}

/**
 * Pulls one snapshot after the other. The collection owns the view: while it runs the garbage collector cannot take it, and
 * when it ends, in whatever way, the view is freed.
 */
internal fun <S : Any> snapshots(
    enter: () -> Pulled<S>,
    leave: (Pulled<S>) -> Unit = {},
): Flow<S> =
    flow {
        val view = enter()
        try {
            var since = 0uL
            while (true) {
                val snapshot = view.next(since) ?: break
                since = view.revision(snapshot)
                emit(snapshot)
            }
        } finally {
            leave(view)
            view.end()
        }
        // Rows are read off the collector's thread, which is a screen's; between the two only the newest is kept.
    }.conflate().flowOn(Dispatchers.Default)
