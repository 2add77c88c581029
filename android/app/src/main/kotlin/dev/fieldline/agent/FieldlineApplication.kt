package dev.fieldline.agent

import android.app.Activity
import android.app.Application
import android.os.Build
import android.os.Bundle
import android.provider.Settings.Global
import dev.fieldline.sdk.Fieldline
import dev.fieldline.sdk.Settings
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch
import java.io.File
import kotlin.time.Duration.Companion.seconds

/** Holds the one [Fieldline] of the process, and tells it when the app comes to the screen and leaves it. */
class FieldlineApplication : Application() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    /** The app behind its screens. */
    val fieldline: Fieldline by lazy {
        val folder = File(noBackupFilesDir, "account")
        Fieldline(Settings(folder, ::deviceName), KeystoreSecrets(File(noBackupFilesDir, "secrets")))
    }

    override fun onCreate() {
        super.onCreate()
        registerActivityLifecycleCallbacks(Screens())
        NetworkWatch(this) { kind -> scope.launch { fieldline.networkChanged(kind) } }.start()
        scope.launch { fieldline.start() }
    }

    private fun deviceName(): String = Global.getString(contentResolver, Global.DEVICE_NAME) ?: Build.MODEL

    /** Counts what is on the screen; a turned phone does not leave it. */
    private inner class Screens : ActivityLifecycleCallbacks {
        private var started = 0

        override fun onActivityStarted(activity: Activity) {
            started += 1
            if (started == 1) scope.launch { fieldline.toForeground() }
        }

        override fun onActivityStopped(activity: Activity) {
            started -= 1
            if (started == 0 && !activity.isChangingConfigurations) scope.launch { fieldline.toBackground(LAST_WORDS) }
        }

        override fun onActivityCreated(
            activity: Activity,
            savedInstanceState: Bundle?,
        ): Unit = Unit

        override fun onActivityResumed(activity: Activity): Unit = Unit

        override fun onActivityPaused(activity: Activity): Unit = Unit

        override fun onActivitySaveInstanceState(
            activity: Activity,
            outState: Bundle,
        ): Unit = Unit

        override fun onActivityDestroyed(activity: Activity): Unit = Unit
    }

    private companion object {
        /** The system lets an app that left the screen run for some seconds more. */
        val LAST_WORDS = 4.seconds
    }
}
