package dev.fieldline.sdk

import dev.fieldline.FieldlineException
import dev.fieldline.IncompatibleVersionException
import dev.fieldline.InvalidException
import dev.fieldline.NotAllowedException
import dev.fieldline.NotFoundException
import dev.fieldline.OfflineException
import dev.fieldline.RefusedException
import dev.fieldline.SignInException
import dev.fieldline.SignInTrouble
import dev.fieldline.StorageException
import dev.fieldline.sdk.screen.Problem
import dev.fieldline.sdk.screen.Trouble

/** Which words belong to an error of the core. */
internal fun problemOf(error: FieldlineException): Problem {
    val known =
        when (error) {
            is OfflineException -> Trouble.OFFLINE
            is SignInException -> troubleOf(error.trouble)
            is StorageException -> Trouble.STORAGE
            is IncompatibleVersionException -> Trouble.APP_TOO_OLD
            is NotAllowedException, is NotFoundException -> Trouble.NOT_POSSIBLE
            is InvalidException -> Trouble.SERVER_ADDRESS.takeIf { error.field == "server_url" }
            is RefusedException -> Trouble.OTHER_ACCOUNT.takeIf { error.code == "other_account" }
            else -> null
        }
    if (known != null) return Problem.Known(known)
    return Problem.Other((error as? RefusedException)?.code ?: error.javaClass.simpleName.lowercase())
}

private fun troubleOf(trouble: SignInTrouble): Trouble =
    when (trouble) {
        SignInTrouble.WRONG_CREDENTIALS -> Trouble.WRONG_CREDENTIALS
        SignInTrouble.CODE_USED -> Trouble.CODE_USED
        SignInTrouble.CODE_EXPIRED -> Trouble.CODE_EXPIRED
        SignInTrouble.CODE_UNKNOWN -> Trouble.CODE_UNKNOWN
        SignInTrouble.TOO_MANY_TRIES -> Trouble.TOO_MANY_TRIES
        SignInTrouble.DEVICE_TAKEN -> Trouble.DEVICE_TAKEN
        SignInTrouble.SIGNED_OUT, SignInTrouble.SESSION_ENDED -> Trouble.SESSION_ENDED
        SignInTrouble.DEVICE_REVOKED -> Trouble.DEVICE_REVOKED
    }

/** Null if [work] was done, else what to say. */
internal suspend fun trying(work: suspend () -> Unit): Problem? =
    try {
        work()
        null
    } catch (error: FieldlineException) {
        problemOf(error)
    }
