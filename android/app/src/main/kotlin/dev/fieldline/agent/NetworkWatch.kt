package dev.fieldline.agent

import android.content.Context
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import dev.fieldline.sdk.Network

/** Tells which network the phone has. A hint: the core believes nothing without trying. */
internal class NetworkWatch(
    context: Context,
    private val tell: (Network) -> Unit,
) : ConnectivityManager.NetworkCallback() {
    private val manager = context.getSystemService(ConnectivityManager::class.java)

    /** For as long as the process lives. */
    fun start(): Unit = manager.registerDefaultNetworkCallback(this)

    override fun onCapabilitiesChanged(
        network: android.net.Network,
        capabilities: NetworkCapabilities,
    ) {
        val free = capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_METERED)
        tell(if (free) Network.UNMETERED else Network.METERED)
    }

    override fun onLost(network: android.net.Network): Unit = tell(Network.NONE)
}
