package dev.fieldline.sdk.screen

/** What a screen says when something did not work: one text each. */
sealed interface Problem {
    /** A trouble with words of its own. */
    data class Known(
        val what: Trouble,
    ) : Problem

    /** A fault of ours; the code is for support. */
    data class Other(
        val code: String,
    ) : Problem
}

/** Troubles that have words of their own. */
enum class Trouble {
    WRONG_CREDENTIALS,
    CODE_USED,
    CODE_EXPIRED,
    CODE_UNKNOWN,
    TOO_MANY_TRIES,
    DEVICE_TAKEN,
    SESSION_ENDED,
    DEVICE_REVOKED,
    OFFLINE,
    SERVER_ADDRESS,
    OTHER_ACCOUNT,
    APP_TOO_OLD,
    STORAGE,
    NOT_POSSIBLE,
}

/** The way in. */
enum class SignInWay { PASSWORD, CODE }

/** Who a link code would sign in: shown before the yes. */
data class LinkOffer(
    val workspace: String,
    val person: String,
    val device: String,
)

/** The sign-in screen, beside what is typed into it. */
data class SignInScreen(
    val way: SignInWay,
    val running: Boolean,
    val problem: Problem?,
    val offer: LinkOffer?,
)
