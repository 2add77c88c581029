package dev.fieldline.agent

import androidx.activity.compose.BackHandler
import androidx.compose.foundation.text.input.TextFieldState
import androidx.compose.foundation.text.input.clearText
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import dev.fieldline.sdk.Fieldline
import dev.fieldline.sdk.Key
import dev.fieldline.sdk.Preview
import dev.fieldline.sdk.screen.SignInScreen
import dev.fieldline.sdk.screen.SignInWay
import dev.fieldline.ui.SignIn
import dev.fieldline.ui.SignInEvents
import dev.fieldline.ui.SignInFields
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch

/** Signing in. The password lives in memory only and goes when it has been used. */
@Composable
internal fun SignInRoute(
    fieldline: Fieldline,
    lastServer: String,
    onBack: (() -> Unit)?,
    onDone: () -> Unit,
) {
    val server = rememberSaveable(saver = TextFieldState.Saver) { TextFieldState(lastServer) }
    val email = rememberSaveable(saver = TextFieldState.Saver) { TextFieldState() }
    val password = remember { TextFieldState() }
    val code = remember { TextFieldState() }
    var way by rememberSaveable { mutableStateOf(SignInWay.PASSWORD) }
    var screen by remember { mutableStateOf(SignInScreen(way, running = false, problem = null, offer = null)) }
    var running by remember { mutableStateOf<Job?>(null) }
    val scope = rememberCoroutineScope()

    fun run(work: suspend () -> Unit) {
        if (running?.isActive == true) return
        screen = screen.copy(running = true, problem = null)
        running = scope.launch { work() }
    }

    fun signIn(key: Key) =
        run {
            val problem = fieldline.signIn(server.text.toString(), key)
            screen = screen.copy(running = false, problem = problem, offer = null)
            if (problem == null) {
                password.clearText()
                code.clearText()
                onDone()
            }
        }

    fun preview() =
        run {
            screen =
                when (val found = fieldline.preview(server.text.toString(), code.text.toString())) {
                    is Preview.Offer -> screen.copy(running = false, offer = found.offer)
                    is Preview.Refused -> screen.copy(running = false, problem = found.problem)
                }
        }

    fun cancel() {
        running?.cancel()
        screen = screen.copy(running = false, problem = null, offer = null)
    }

    val inTheWay = screen.running || screen.offer != null
    BackHandler(enabled = inTheWay || onBack != null) { if (inTheWay) cancel() else onBack?.invoke() }
    val events =
        SignInEvents(
            onWay = {
                way = it
                screen = screen.copy(way = it, problem = null)
            },
            onContinue = {
                if (way ==
                    SignInWay.CODE
                ) {
                    preview()
                } else {
                    signIn(Key.Password(email.text.toString(), password.text.toString()))
                }
            },
            onAccept = { signIn(Key.Code(code.text.toString())) },
            onCancel = ::cancel,
        )
    SignIn(screen, SignInFields(server, email, password, code), events)
}
