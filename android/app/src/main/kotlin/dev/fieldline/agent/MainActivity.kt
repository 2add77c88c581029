package dev.fieldline.agent

import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.activity.enableEdgeToEdge
import dev.fieldline.ui.FieldlineTheme

/** The one window of the app. */
class MainActivity : ComponentActivity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        enableEdgeToEdge()
        val fieldline = (application as FieldlineApplication).fieldline
        setContent { FieldlineTheme { App(fieldline) } }
    }
}
