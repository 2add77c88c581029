package dev.fieldline.runner

import dev.fieldline.Client
import dev.fieldline.Rows
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.produceIn
import kotlinx.serialization.json.JsonObject

/** One of the four views, by its name. */
class View private constructor(
    val snapshots: Flow<Any>,
    val widen: (Int) -> Unit,
) {
    private constructor(rows: Rows<*>) : this(rows.snapshots, rows::widen)

    private constructor(flow: Flow<Any>) : this(flow, { throw IllegalArgumentException("it cannot be widened") })

    companion object {
        fun of(
            client: Client,
            name: String,
            wanted: JsonObject,
        ): View =
            when (name) {
                "inbox" -> View(client.inbox())
                "timeline" -> View(client.timeline(wanted.text("conversation")))
                "outbox" -> View(client.outbox())
                "status" -> View(client.status())
                else -> throw IllegalArgumentException("no view $name")
            }
    }
}

/** A view that is collected until it ends or is cancelled. */
class Watched(
    private val view: View,
) {
    private val received = view.snapshots.produceIn(CoroutineScope(Dispatchers.Default))

    /** The next snapshot; null when it has ended. */
    suspend fun next(): Any? {
        val next = received.receiveCatching()
        next.exceptionOrNull()?.let { if (it !is CancellationException) throw it }
        return next.getOrNull()
    }

    fun widen(more: Int) = view.widen(more)

    fun cancel() = received.cancel()
}
