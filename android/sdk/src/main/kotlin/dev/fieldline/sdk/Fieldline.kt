package dev.fieldline.sdk

import dev.fieldline.Client
import dev.fieldline.Config
import dev.fieldline.Credentials
import dev.fieldline.FieldlineException
import dev.fieldline.LinkCodeCredentials
import dev.fieldline.NetworkKind
import dev.fieldline.PasswordCredentials
import dev.fieldline.SecretStore
import dev.fieldline.sdk.screen.LinkOffer
import dev.fieldline.sdk.screen.Problem
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import java.io.File
import kotlin.time.Duration

/** Where the app stands before any screen. */
sealed interface Entry {
    /** The store is being opened. */
    data object Opening : Entry

    /** Somebody has to sign in; [server] is the one from last time, or empty. */
    data class SignedOut(
        val server: String,
    ) : Entry

    /** Screens can be drawn, for that [member]. */
    data class SignedIn(
        val office: Office,
        val server: String,
        val member: String,
    ) : Entry

    /** The store cannot be opened. */
    data class Broken(
        val problem: Problem,
    ) : Entry
}

/** What a link code would do, or why it does not. */
sealed interface Preview {
    /** To be shown before the yes. */
    data class Offer(
        val offer: LinkOffer,
    ) : Preview

    /** To be said. */
    data class Refused(
        val problem: Problem,
    ) : Preview
}

/** A way to prove who one is. */
sealed interface Key {
    /** By e-mail and password. */
    class Password(
        val email: String,
        val password: String,
    ) : Key

    /** By a link code. */
    class Code(
        val code: String,
    ) : Key
}

/** What the shell knows and the core does not. */
class Settings(
    /** A private folder outside the system's backups. */
    val folder: File,
    /** How the office's list names this phone; its person may rename it. */
    val deviceName: () -> String,
)

/**
 * The app behind its screens: one store, one account, from sign-in to suspension. Any thread may call; calls that change the
 * core's life come one after the other.
 */
class Fieldline(
    private val settings: Settings,
    private val secrets: SecretStore,
) {
    private val turn = Mutex()
    private val entryNow = MutableStateFlow<Entry>(Entry.Opening)
    private val serverFile = File(settings.folder, "server")
    private var client: Client? = null
    private var address = ""
    private var onScreen = false

    /** Where the app stands. */
    val entry: StateFlow<Entry> = entryNow.asStateFlow()

    /** Opens the store of last time, if there is one. Without it nobody can be signed in. */
    suspend fun start(): Unit =
        turn.withLock {
            if (entryNow.value != Entry.Opening) return
            val last = withContext(Dispatchers.IO) { serverFile.takeIf { it.exists() }?.readText().orEmpty() }
            entryNow.value =
                try {
                    if (last.isEmpty()) Entry.SignedOut("") else entryOf(opened(last))
                } catch (error: FieldlineException) {
                    Entry.Broken(problemOf(error))
                }
        }

    /** Asks what a link code stands for; uses nothing up. */
    suspend fun preview(
        server: String,
        code: String,
    ): Preview =
        turn.withLock {
            try {
                val found = opened(server).previewLinkCode(code)
                Preview.Offer(LinkOffer(found.workspaceName, found.memberName, settings.deviceName()))
            } catch (error: FieldlineException) {
                Preview.Refused(problemOf(error))
            }
        }

    /** Signs in. Cancelled, it closes the core, so that nobody is signed in behind a person's back. */
    suspend fun signIn(
        server: String,
        key: Key,
    ): Problem? =
        turn.withLock {
            try {
                trying {
                    val client = opened(server)
                    client.signIn(credentials(key))
                    withContext(Dispatchers.IO) { serverFile.writeText(address) }
                    entryNow.value = entryOf(client)
                }
            } catch (cancelled: CancellationException) {
                withContext(NonCancellable) { closed() }
                throw cancelled
            }
        }

    /** The app is on the screen. */
    suspend fun toForeground(): Problem? =
        turn.withLock {
            onScreen = true
            trying { client?.enterForeground() }
        }

    /** The app left the screen: what can go within [deadline] goes, then the file is closed. */
    suspend fun toBackground(deadline: Duration): Problem? =
        turn.withLock {
            onScreen = false
            trying { client?.enterBackground(deadline) }
        }

    /** The phone's network changed: a hint. */
    suspend fun networkChanged(kind: Network): Unit =
        turn.withLock {
            client?.networkChanged(
                when (kind) {
                    Network.NONE -> NetworkKind.NONE
                    Network.UNMETERED -> NetworkKind.UNMETERED
                    Network.METERED -> NetworkKind.METERED
                },
            )
        }

    /** Ends everything and closes the file. */
    suspend fun shutdown(): Unit = turn.withLock { closed() }

    /** The core on that server: the open one, or a new one in its place. */
    private suspend fun opened(wanted: String): Client {
        val asked = wanted.trim().trimEnd('/')
        client?.let { if (asked == address) return it else closed() }
        withContext(Dispatchers.IO) { settings.folder.mkdirs() }
        val config = Config(File(settings.folder, "phone.db").path, asked, settings.deviceName(), "android", null)
        val opened = Client.open(config, secrets)
        client = opened
        address = asked
        if (onScreen) opened.enterForeground()
        return opened
    }

    private suspend fun closed() {
        client?.shutdown()
        client = null
    }

    private suspend fun entryOf(client: Client): Entry =
        client.account()?.let { Entry.SignedIn(Office(client), address, it.memberId) } ?: Entry.SignedOut(address)

    private fun credentials(key: Key): Credentials =
        when (key) {
            is Key.Password -> PasswordCredentials(key.email.trim(), key.password)
            is Key.Code -> LinkCodeCredentials(key.code)
        }
}

/** The kind of network that the phone reports. */
enum class Network { NONE, UNMETERED, METERED }
