package dev.fieldline

import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import dev.fieldline.ffi.uniffiRustFutureContinuationCallbackImpl

/**
 * Keeps the core's threads attached to the JVM once they have woken a coroutine.
 *
 * By itself JNA makes a Java thread for each such call and ends it after (pains.md E1). As daemons they keep no JVM alive.
 */
internal object CoreThreads {
    init {
        val once = CallbackThreadInitializer(true, false, "fieldline")
        Native.setCallbackThreadInitializer(uniffiRustFutureContinuationCallbackImpl, once)
    }

    /** To be called before the first coroutine waits for the core. */
    fun keepAttached(): Unit = Unit
}
