package dev.fieldline.ui

import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.material3.ColorScheme
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Typography
import androidx.compose.material3.darkColorScheme
import androidx.compose.material3.lightColorScheme
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.unit.sp
import dev.fieldline.ui.look.Colours
import dev.fieldline.ui.look.Sizes
import dev.fieldline.ui.look.darkColours
import dev.fieldline.ui.look.lightColours

/** The look's colours where Material has no role for them: bubbles, amber, hints. */
val LocalColours = staticCompositionLocalOf { lightColours }

/** The look of `look/tokens.json` in Material's manner. */
@Composable
fun FieldlineTheme(
    dark: Boolean = isSystemInDarkTheme(),
    content: @Composable () -> Unit,
) {
    val colours = if (dark) darkColours else lightColours
    CompositionLocalProvider(LocalColours provides colours) {
        MaterialTheme(colorScheme = scheme(colours, dark), typography = typography, content = content)
    }
}

private fun scheme(
    colours: Colours,
    dark: Boolean,
): ColorScheme {
    val base = if (dark) darkColorScheme() else lightColorScheme()
    return base.copy(
        primary = colours.primary,
        onPrimary = colours.onPrimary,
        background = colours.bg,
        onBackground = colours.text,
        surface = colours.surface,
        onSurface = colours.text,
        onSurfaceVariant = colours.muted,
        surfaceContainer = colours.surface,
        surfaceContainerLow = colours.surface,
        surfaceContainerHigh = colours.surface,
        surfaceContainerHighest = colours.surface,
        secondaryContainer = colours.bubbleMe,
        onSecondaryContainer = colours.text,
        outline = colours.muted,
        outlineVariant = colours.line,
        error = colours.red,
    )
}

/** Figures of one width, so that times and counts do not jump. */
private val meta =
    TextStyle(
        fontSize = Sizes.textMeta,
        lineHeight = 16.sp,
        fontFeatureSettings = "tnum",
        textDirection = TextDirection.Content,
    )

private val typography =
    Typography().run {
        copy(
            bodyLarge = bodyLarge.copy(fontSize = Sizes.textBody, lineHeight = 22.sp, textDirection = TextDirection.Content),
            bodyMedium = bodyMedium.copy(textDirection = TextDirection.Content),
            bodySmall = meta,
            labelMedium = meta.copy(fontWeight = FontWeight.Medium),
            labelSmall = meta,
        )
    }
