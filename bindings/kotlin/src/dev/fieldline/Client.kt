package dev.fieldline

import dev.fieldline.ffi.FieldlineClient
import kotlinx.coroutines.flow.Flow
import kotlin.time.Duration

/**
 * One account on one server: the only long-lived object. All else is values, or flows addressed by id.
 *
 * Commands are on disk before they return. One that has begun completes even if the caller stops waiting. Every function throws
 * [FieldlineException] and may be called from any thread.
 */
public class Client private constructor(
    private val ffi: FieldlineClient,
) {
    /** The server's time as far as it is known, for countdowns. */
    public val serverTime: Millis get() = ffi.serverTime()

    /** Who is signed in, if anybody. */
    public suspend fun account(): Account? = ffi.account()

    /** What a link code stands for, to be shown before the person says yes. Does not use it up. */
    public suspend fun previewLinkCode(code: String): LinkPreview = ffi.previewLinkCode(code)

    /** Signs in. [RefusedException] `other_account`: another member's unsent work is still on this phone. */
    public suspend fun signIn(credentials: Credentials): Account =
        when (credentials) {
            is PasswordCredentials -> ffi.signInByPassword(credentials.email, credentials.password)
            is LinkCodeCredentials -> ffi.signInByCode(credentials.code)
        }

    /** Forgets the account on this phone. With KEEP, [RefusedException] `unsent` while something is unsent. */
    public suspend fun signOut(unsent: UnsentOnSignOut): Unit = ffi.signOut(unsent)

    /** The conversation list. */
    public fun inbox(): Rows<InboxSnapshot> = Rows { Pulled.of(ffi.inbox()) }

    /** One conversation. An id that is not held gives empty snapshots that fill if it comes. */
    public fun timeline(conversation: ConversationId): Rows<TimelineSnapshot> = Rows { Pulled.of(ffi.timeline(conversation)) }

    /** Unsent work. */
    public fun outbox(): Flow<OutboxSnapshot> = snapshots({ Pulled.of(ffi.outbox()) })

    /** The link to the server. */
    public fun status(): Flow<StatusSnapshot> = snapshots({ Pulled.of(ffi.status()) })

    /** Fetches what is missing in the middle, else the page of messages before the oldest held one. */
    public suspend fun loadOlder(conversation: ConversationId): Unit = ffi.loadOlder(conversation)

    /** Queues a reply. [seenN] is `lastN` of the timeline that its author looked at: the guard compares with it. */
    public suspend fun sendReply(
        conversation: ConversationId,
        body: String,
        seenN: Long,
    ): CommandId = ffi.sendReply(conversation, body, seenN)

    /** [sendReply] that quotes [message] of the same conversation. */
    public suspend fun quoteReply(
        conversation: ConversationId,
        message: MessageId,
        body: String,
        seenN: Long,
    ): CommandId = ffi.quoteReply(conversation, message, body, seenN)

    /** Changes a reply that has not reached WhatsApp: a new command takes its place. */
    public suspend fun edit(
        message: MessageId,
        body: String,
        seenN: Long,
    ): CommandId = ffi.edit(message, body, seenN)

    /** The person's yes to a held reply (R7, R8) or a refused one. */
    public suspend fun sendAnyway(
        message: MessageId,
        seenN: Long,
    ): Unit = ffi.sendAnyway(message, seenN)

    /** Throws away what has not left this phone. */
    public suspend fun discard(message: MessageId): Discarded = ffi.discard(message)

    /** Takes a reply back, as long as nothing of it went towards WhatsApp. */
    public suspend fun withdraw(message: MessageId): Withdrawal = ffi.withdraw(message)

    /** Lets later replies of the conversation go before this one, which waits for a decision. */
    public suspend fun letPass(message: MessageId): Unit = ffi.letPass(message)

    /** What a person found out about a message with an unknown outcome (R14). */
    public suspend fun settle(
        message: MessageId,
        result: Settlement,
    ): Unit = ffi.settle(message, result)

    /** Everything up to number [upToN] was on an unlocked screen. */
    public suspend fun markRead(
        conversation: ConversationId,
        upToN: Long,
    ): Unit = ffi.markRead(conversation, upToN)

    /** The app is on the screen: open the file, listen, send. */
    public suspend fun enterForeground(): Unit = ffi.enterForeground()

    /** The app left the screen: send what can still go within [deadline], then close the file and let go of its lock. */
    public suspend fun enterBackground(deadline: Duration): BackgroundReport = ffi.enterBackground(deadline.milliseconds())

    /** The system gave the app [budget] in the background: catch up, send, close the file again. */
    public suspend fun runBackground(
        reason: BackgroundReason,
        budget: Duration,
    ): BackgroundReport = ffi.runBackground(reason, budget.milliseconds())

    /** The phone's network changed. Only a hint: nothing is believed without trying. */
    public fun networkChanged(kind: NetworkKind): Unit = ffi.networkChanged(kind)

    /** A person wants it now: no back-off is waited for. */
    public suspend fun tryNow(): Unit = ffi.tryNow()

    /** Ends everything and closes the file. Every later command throws [CancelledException], every flow ends. */
    public suspend fun shutdown(): Unit = ffi.shutdown()

    public companion object {
        /** The version of the core and of this surface. */
        public val version: String get() = dev.fieldline.ffi.version()

        /**
         * Opens the store at `config.storePath`, making it if need be. No network is used.
         *
         * Throws [AlreadyOpenException] while another process or client has the file, [IncompatibleVersionException]
         * for a newer app's store (untouched), [InvalidException] for an unusable server address.
         */
        public suspend fun open(
            config: Config,
            secrets: SecretStore,
        ): Client {
            CoreThreads.keepAttached()
            return Client(FieldlineClient.open(config, secrets))
        }
    }
}

private fun Duration.milliseconds(): ULong = inWholeMilliseconds.coerceAtLeast(0).toULong()
