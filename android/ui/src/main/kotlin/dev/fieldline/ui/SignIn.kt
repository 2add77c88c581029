package dev.fieldline.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.selection.selectable
import androidx.compose.foundation.selection.selectableGroup
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.foundation.text.input.TextFieldLineLimits
import androidx.compose.foundation.text.input.TextFieldState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.OutlinedSecureTextField
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.RadioButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.Stable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.input.KeyboardCapitalization
import androidx.compose.ui.text.input.KeyboardType
import androidx.compose.ui.unit.dp
import dev.fieldline.sdk.screen.LinkOffer
import dev.fieldline.sdk.screen.SignInScreen
import dev.fieldline.sdk.screen.SignInWay
import dev.fieldline.ui.look.Sizes

/** What is being typed. Kept by the caller: the password in memory only. */
@Stable
class SignInFields(
    val server: TextFieldState,
    val email: TextFieldState,
    val password: TextFieldState,
    val code: TextFieldState,
)

/** What a person can do on the sign-in screen. */
class SignInEvents(
    val onWay: (SignInWay) -> Unit,
    val onContinue: () -> Unit,
    val onAccept: () -> Unit,
    val onCancel: () -> Unit,
)

/** Sign in by password or link code (E1). */
@Composable
fun SignIn(
    screen: SignInScreen,
    fields: SignInFields,
    events: SignInEvents,
    modifier: Modifier = Modifier,
) {
    val colours = LocalColours.current
    val offer = screen.offer
    Page(modifier) {
        Column(
            Modifier
                .align(Alignment.CenterHorizontally)
                .widthIn(max = 480.dp)
                .verticalScroll(rememberScrollState())
                .padding(Sizes.spaceXl),
            verticalArrangement = Arrangement.spacedBy(Sizes.spaceL),
        ) {
            Text(
                stringResource(R.string.app_name),
                Modifier.semantics { heading() },
                color = colours.primary,
                style = MaterialTheme.typography.headlineMedium,
            )
            Text(stringResource(R.string.sign_in_lead), color = colours.muted, style = MaterialTheme.typography.bodyLarge)
            if (offer == null) Form(screen, fields, events) else Confirm(screen, offer, fields, events)
        }
    }
}

@Composable
private fun Form(
    screen: SignInScreen,
    fields: SignInFields,
    events: SignInEvents,
) {
    Column(Modifier.selectableGroup()) {
        Way(
            R.string.sign_in_by_password,
            screen.way == SignInWay.PASSWORD,
            !screen.running,
        ) { events.onWay(SignInWay.PASSWORD) }
        Way(R.string.sign_in_by_code, screen.way == SignInWay.CODE, !screen.running) { events.onWay(SignInWay.CODE) }
    }
    Field(fields.server, R.string.sign_in_server, KeyboardType.Uri, !screen.running)
    when (screen.way) {
        SignInWay.PASSWORD -> {
            Field(fields.email, R.string.sign_in_email, KeyboardType.Email, !screen.running)
            OutlinedSecureTextField(
                fields.password,
                Modifier.fillMaxWidth(),
                enabled = !screen.running,
                label = { Text(stringResource(R.string.sign_in_password)) },
            )
        }

        SignInWay.CODE -> {
            Field(fields.code, R.string.sign_in_code, KeyboardType.Ascii, !screen.running, KeyboardCapitalization.Characters)
            Text(
                stringResource(R.string.sign_in_code_help),
                color = LocalColours.current.muted,
                style = MaterialTheme.typography.bodySmall,
            )
        }
    }
    ProblemLine(screen.problem)
    val go = if (screen.way == SignInWay.CODE) R.string.sign_in_continue else R.string.sign_in
    Decide(screen.running, go, events.onContinue, events.onCancel, cancelAlways = false)
}

@Composable
private fun Confirm(
    screen: SignInScreen,
    offer: LinkOffer,
    fields: SignInFields,
    events: SignInEvents,
) {
    val colours = LocalColours.current
    Text(
        stringResource(R.string.sign_in_confirm, offer.workspace, offer.person),
        color = colours.text,
        style = MaterialTheme.typography.titleMedium,
    )
    Text(stringResource(R.string.sign_in_confirm_server, fields.server.text.toString()), color = colours.text)
    Text(stringResource(R.string.sign_in_confirm_device, offer.device), color = colours.text)
    ProblemLine(screen.problem)
    Decide(screen.running, R.string.sign_in_yes, events.onAccept, events.onCancel, cancelAlways = true)
}

@Composable
private fun Decide(
    running: Boolean,
    go: Int,
    onGo: () -> Unit,
    onCancel: () -> Unit,
    cancelAlways: Boolean,
) {
    if (running) {
        Row(horizontalArrangement = Arrangement.spacedBy(Sizes.spaceM), verticalAlignment = Alignment.CenterVertically) {
            CircularProgressIndicator(Modifier.size(24.dp))
            Text(stringResource(R.string.sign_in_running), color = LocalColours.current.text)
        }
    } else {
        Button(onGo, Modifier.fillMaxWidth().heightIn(min = Sizes.target)) { Text(stringResource(go)) }
    }
    if (running || cancelAlways) {
        OutlinedButton(onCancel, Modifier.fillMaxWidth().heightIn(min = Sizes.target)) { Text(stringResource(R.string.cancel)) }
    }
}

@Composable
private fun Way(
    word: Int,
    selected: Boolean,
    enabled: Boolean,
    onSelect: () -> Unit,
) {
    Row(
        Modifier
            .fillMaxWidth()
            .heightIn(min = Sizes.target)
            .selectable(selected, enabled, Role.RadioButton, onClick = onSelect),
        horizontalArrangement = Arrangement.spacedBy(Sizes.spaceS),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        RadioButton(selected, onClick = null, enabled = enabled)
        Text(stringResource(word), color = LocalColours.current.text, style = MaterialTheme.typography.bodyLarge)
    }
}

@Composable
private fun Field(
    state: TextFieldState,
    label: Int,
    keyboard: KeyboardType,
    enabled: Boolean,
    capitals: KeyboardCapitalization = KeyboardCapitalization.None,
) {
    OutlinedTextField(
        state,
        Modifier.fillMaxWidth(),
        enabled = enabled,
        label = { Text(stringResource(label)) },
        keyboardOptions = KeyboardOptions(capitalization = capitals, autoCorrectEnabled = false, keyboardType = keyboard),
        lineLimits = TextFieldLineLimits.SingleLine,
    )
}
