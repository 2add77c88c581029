package dev.fieldline

/**
 * How to sign in. Not generated and no data class: such a one says in its text what it holds, the password too.
 */
public sealed interface Credentials

/** By e-mail, whose case does not matter, and password as typed. */
public class PasswordCredentials(
    internal val email: String,
    internal val password: String,
) : Credentials

/** By an eight-character code or the content of its QR code. Case, spaces and hyphens do not matter. */
public class LinkCodeCredentials(
    internal val code: String,
) : Credentials
