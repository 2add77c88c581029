package dev.fieldline.sdk.screen

// What the screens draw: plain values without a type of the core or of Android. `now` and every time are server time, in
// milliseconds since 1970 UTC.

/** Whose badge a message carries. */
enum class AuthorMark { CUSTOMER, OWNER, ME, COLLEAGUE, AI, AUTOMATIC, SYSTEM, UNKNOWN }

/** Who wrote, and under what name, if one is known. */
data class Writer(
    val mark: AuthorMark,
    val name: String?,
)

/** What a message says. */
sealed interface Content {
    /** Plain text. */
    data class Text(
        val text: String,
    ) : Content

    /** A photo, a film, a voice message, a file; [caption] was written under it. */
    data class Media(
        val kind: Medium,
        val caption: String?,
        val name: String?,
    ) : Content

    /** A place on the map. */
    data class Place(
        val name: String?,
        val address: String?,
    ) : Content

    /** Cards of people, by their names. */
    data class Cards(
        val names: List<String>,
    ) : Content

    /** A template, as the customer reads it. */
    data class Template(
        val text: String,
    ) : Content

    /** What the customer chose, ordered or filled in. */
    data class Choice(
        val kind: Chosen,
        val title: String?,
        val description: String?,
    ) : Content

    /** For the team only. */
    data class Note(
        val text: String,
    ) : Content

    /** A line between the messages. */
    data object Line : Content

    /** It is gone here too. */
    data class Deleted(
        val by: AuthorMark,
    ) : Content

    /** A kind that this version cannot show. */
    data object Unsupported : Content
}

/** Kinds of media. */
enum class Medium { PHOTO, VIDEO, SOUND, VOICE, DOCUMENT, STICKER, OTHER }

/** What a choice is. */
enum class Chosen { CHOICE, ORDER, FORM }

/** The ladder: how far a reply got. */
enum class Step { NONE, ON_PHONE, AT_SERVER, SENT, DELIVERED, READ, PLAYED }

/** A step and when it was reached. */
data class Reached(
    val step: Step,
    val at: Long,
)

/** Why a reply is not further: R1 to R16, in their order. */
enum class Why {
    NO_NETWORK,
    SERVER_UNREACHABLE,
    SIGN_IN_AGAIN,
    BEHIND_EARLIER,
    LINE_DOWN,
    WHATSAPP_BUSY,
    WINDOW_CLOSED,
    ANSWERED_MEANWHILE,
    NOT_YOURS,
    UNREACHABLE,
    ACCOUNT_TROUBLE,
    TEMPLATE_REFUSED,
    FILE_REFUSED,
    UNKNOWN_OUTCOME,
    TOO_OLD,
    REFUSED,
}

/** What a person can do about a reply. */
enum class Action { TRY_NOW, EDIT, DISCARD, SEND_ANYWAY, WITHDRAW, LET_PASS, IT_ARRIVED, SEND_AGAIN }

/** A reason with what its words need. */
data class Snag(
    val why: Why,
    val kind: SnagKind,
    val whatsAppCode: Long? = null,
    val closedAt: Long? = null,
    val nextTry: Long? = null,
    val by: Writer? = null,
    val answer: String? = null,
    val restored: Boolean = false,
)

/** How loud a reason is: it goes by itself, it asks, or it is over. */
enum class SnagKind { WAITS, ASKS, STOPPED }

/** The customer service window. */
sealed interface Window {
    /** Free text may go out until [closesAt]. */
    data class Open(
        val closesAt: Long,
    ) : Window

    /** Templates only. */
    data class Closed(
        val closedAt: Long?,
    ) : Window
}

/** The link to the server, when there is something to say about it. */
data class LinkLine(
    val state: LinkTrouble,
    val since: Long,
)

/** What can be said about the link. */
enum class LinkTrouble { CONNECTING, NO_NETWORK, SERVER_TROUBLE, SIGN_IN_AGAIN, UPDATE_APP, REMOVED }

/** One conversation in the list. */
data class ListItem(
    val key: String,
    val name: String,
    val author: Writer?,
    val preview: Content?,
    val at: Long?,
    val unread: Int,
    val window: Window,
    val waiting: Int,
    val needsMe: Int,
)

/** The conversation list. */
data class ListScreen(
    val items: List<ListItem>,
    val loading: Boolean,
    val hasMore: Boolean,
    val link: LinkLine?,
    val unsent: Int,
    val needsMe: Int,
    val now: Long,
)

/** What a bubble answers to, or null for a message that is not on this phone. */
data class Quote(
    val content: Content?,
)

/** One message. */
data class Bubble(
    val key: String,
    val author: Writer,
    val content: Content,
    val at: Long,
    val step: Step,
    val reached: List<Reached>,
    val snag: Snag?,
    val actions: List<Action>,
    val quote: Quote?,
    val customerWroteSince: Boolean,
    val reactions: List<Reacted> = emptyList(),
    val edited: Boolean = false,
    val forwarded: Forwarding = Forwarding.NO,
    val neverConfirmed: Boolean = false,
    val holeBefore: Boolean = false,
)

/** An emoji and how many gave it. */
data class Reacted(
    val emoji: String,
    val count: Int,
)

/** Whether a message was passed on. */
enum class Forwarding { NO, ONCE, OFTEN }

/** One conversation. */
data class ChatScreen(
    val name: String,
    val bubbles: List<Bubble>,
    val hasOlder: Boolean,
    val window: Window,
    val lastN: Long,
    val held: Boolean,
    val link: LinkLine?,
    val now: Long,
)

/** What an unsent command is. */
enum class Work { REPLY, READ, WITHDRAW, RELEASE, PASS, SETTLE, OTHER }

/** One unsent command. [looksFirst]: more can be done about it where one sees what was written meanwhile. */
data class OutboxItem(
    val key: String,
    val conversation: String,
    val name: String,
    val work: Work,
    val text: String?,
    val writtenAt: Long,
    val step: Step,
    val snag: Snag?,
    val actions: List<Action>,
    val looksFirst: Boolean,
)

/** All unsent work. */
data class OutboxScreen(
    val items: List<OutboxItem>,
    val pause: LinkLine?,
    val needsMe: Int,
    val now: Long,
)
