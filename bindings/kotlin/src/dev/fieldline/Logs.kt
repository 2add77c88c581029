package dev.fieldline

import dev.fieldline.ffi.loggingTrouble as troubleOfSink
import dev.fieldline.ffi.startLogging as startSink
import dev.fieldline.ffi.stopLogging as stopSink

/**
 * Hands what the core logs from [level] up to [sink], in batches and in order, in the place of an earlier sink; for all clients of
 * the process. [sink] is called on a thread of the core's and must not call the core. One that throws three times in a row is
 * switched off.
 *
 * Throws [InternalException] if the process has another logger for the core's library already.
 */
public fun startLogging(
    level: LogLevel,
    sink: (List<LogRecord>) -> Unit,
): Unit =
    startSink(
        object : LogSink {
            override fun write(records: List<LogRecord>) = sink(records)
        },
        level,
    )

/** Hands over what waits and lets go of the sink; no error if there is none. */
public fun stopLogging(): Unit = stopSink()

/** The class of what the sink threw when it was switched off; null while it works. */
public val loggingTrouble: String? get() = troubleOfSink()
